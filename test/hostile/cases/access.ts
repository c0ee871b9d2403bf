import { ABSENT, type Derive, refused } from './kit.ts';

export const tokens: Derive = async ({ target, world, make }) => {
  const bad = Object.entries(world.forged).map(([name, token]) =>
    make(
      `a token ${name}`,
      { headers: { authorization: `Bearer ${token}` } },
      refused([401], 'invalid-token'),
    ),
  );
  const schemes = ['Basic YTpi', 'Bearer', 'bearer  ', 'Bearer a b', 'Bearer \u00e4'].map((value) =>
    make(
      `authorization ${value}`,
      { headers: { authorization: value } },
      refused([401], 'unauthenticated'),
    ),
  );
  if (target.roles.length === 0) return [...bad, ...schemes];
  const other = ['member', 'staff', 'finance', 'auditor', 'admin'].filter(
    (role) => !target.roles.includes(role),
  );
  const wrong = await Promise.all(
    [other, [], ['root'], ['__proto__']].map(async (roles) =>
      make(
        `the roles ${roles.join(', ') || 'none'}`,
        { headers: { authorization: `Bearer ${await world.mint(world.owner, roles)}` } },
        refused([403], 'forbidden'),
      ),
    ),
  );
  const none = make(
    'no token',
    { headers: { authorization: ABSENT } },
    refused([401], 'unauthenticated'),
  );
  return [...bad, ...schemes, ...wrong, none];
};

export const methods: Derive = ({ target, make }) =>
  ['PUT', 'PATCH', 'DELETE', 'TRACE', target.method === 'GET' ? 'POST' : 'GET'].map((method) =>
    make(`the method ${method}`, { method, body: undefined }, refused([405, 404], undefined)),
  );
