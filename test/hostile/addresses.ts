const ADDRESSES = 250;

let nth = 0;
/** Each address of a few hundred has limits of its own: how often one may ask is not asked here. */
export function nextAddress(): string {
  nth = (nth + 1) % ADDRESSES;
  return `127.0.7.${nth + 1}`;
}
