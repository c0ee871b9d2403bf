/**
 * A person's pseudonym: the same in every view and row, of no use elsewhere. Ids of members stand in
 * rosters, logs and URLs, so a bare one would lead from an extract to a name; a plain hash could be
 * made by whoever has the id. The key stays with the owner of the views ([record 14]).
 *
 * [record 14]: ../../docs/adr/0014-analysts-views-are-a-contract.md
 */
export const memberKey = (column: string): string =>
  `'mk_' || left(encode(sha256(convert_to((select key from projection.pseudonym_key) || ${column}, 'UTF8')), 'hex'), 24)`;
