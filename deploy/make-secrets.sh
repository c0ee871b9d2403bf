#!/bin/sh
# Writes what docker-compose.yml needs and nobody may know into .env, once. An existing file is left
# alone: its keys read what is stored already.
#
#   sh deploy/make-secrets.sh [FILE]
set -eu
umask 077
file=${1:-$(dirname "$0")/../.env}

# 32 random bytes as base64url; some random letters and digits.
key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }
word() { head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

if [ -e "$file" ]; then
  echo "$file is there already; nothing was changed." >&2
  exit 1
fi
# noclobber: of two that run at once, one wins.
set -C
cat >"$file" <<EOF
# Keep a copy in a safe place: without KEYS_MASTER_KEY personal data cannot be read again.
KEYS_MASTER_KEY=$(key)
TOKEN_SIGNING_KEY=$(key)
TICKET_SIGNING_KEY=$(key)
GIFT_CODE_SECRET=$(key)
BLIND_INDEX_KEY=$(key)

# Postgres takes these at its first start.
POSTGRES_PASSWORD=$(word)
PAWPRINT_DB_PASSWORD=$(word)
PAWPRINT_KEYS_DB_PASSWORD=$(word)
STRIPE_SANDBOX_DB_PASSWORD=$(word)

# The administrator of the first start.
ADMIN_EMAIL=admin@pawprint.example
ADMIN_PASSWORD=$(word)

# A Stripe of our own with made-up money, and a mailbox that sends nothing on. For real ones take
# out the profile and STRIPE_API_BASE, and put the keys of Stripe's dashboard and a mail server here.
COMPOSE_PROFILES=sandbox
STRIPE_API_BASE=http://stripe-sandbox:12111
STRIPE_SECRET_KEY=sk_test_$(word)
STRIPE_PUBLISHABLE_KEY=pk_test_$(word)
STRIPE_WEBHOOK_SECRET=whsec_$(word)
SMTP_URL=smtp://mail:1025
EOF
echo "Written: $file"
