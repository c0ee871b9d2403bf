/**
 * What every answer that is no page carries (OWASP, REST Security Cheat Sheet, "Security headers").
 * They are the same for every request, so they are spelled here once: put together anew each time they
 * cost a fortieth of the write API's time. Pages have a policy of their own, from Helmet.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};
