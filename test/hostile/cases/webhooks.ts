import { signature } from '../supplies.ts';
import { tenMegabytes } from './bodies.ts';
import { ABSENT, type Derive, refused, text } from './kit.ts';

/** What only this route knows: its body is Stripe's to shape, and bytes until its signature is checked. */
export const webhooks: Derive = ({ world, make, body }) => {
  const payload = text(body);
  const now = Math.floor(Date.now() / 1000);
  const sign = (bytes: string, at = now, secret = world.webhookSecret) =>
    signature(bytes, secret, at);
  const send = (
    name: string,
    bytes: string | Buffer,
    header: string,
    expected = refused([400], 'invalid-signature'),
  ) => make(name, { body: bytes, headers: { 'stripe-signature': header } }, expected);
  const signed = (name: string, value: unknown) => send(name, text(value), sign(text(value)));
  const event = { id: 'evt_hostile', object: 'event', type: 'payment_intent.succeeded' };
  const large = text({ ...event, pad: 'x'.repeat(1100 * 1024) });
  return [
    send('a webhook without signature', payload, ABSENT),
    send('an empty signature', payload, ''),
    send('a signature of another secret', payload, sign(payload, now, 'whsec_other')),
    send('a signature of another body', payload, sign(`${payload} `)),
    send('a signature of an hour ago', payload, sign(payload, now - 3600)),
    send('a signature without scheme', payload, `t=${now}`),
    send('a signature of the year 1e300', payload, sign(payload).replace(/t=\d+/, 't=1e300')),
    send('a signature that is not ASCII', payload, 't=1,v1=\u00e4'),
    send('a signed body that is no JSON', '{', sign('{')),
    send('a signed body without fields', '{}', sign('{}')),
    signed('a signed null', null),
    signed('a signed list', []),
    signed('a signed event without object', event),
    signed('a signed event with a hostile id', {
      ...event,
      id: 'evt_\u0000\u2028',
      data: { object: { object: 'charge' } },
    }),
    signed('a signed event with a hostile type', {
      ...event,
      type: { a: 1 },
      data: { object: { object: 'charge' } },
    }),
    signed('a signed event whose object is hostile', {
      ...event,
      data: { object: { id: '../../v1/balance', object: 'x y' } },
    }),
    send('a signed event beyond a mebibyte', large, sign(large), refused([413], 'body-too-large')),
    send('an unsigned body of 10 MB', tenMegabytes, sign('x'), refused([413], 'body-too-large')),
  ];
};
