import { changedColumn } from '../_runtime/changes.ts';
import { defineTable } from '../_runtime/table.ts';

/** One vaccination, as `vaccinations` keeps it. */
export type Vaccination = {
  /** Null once the person was erased. */
  readonly vaccine: string | null;
  readonly givenOn: string;
  readonly validUntil: string | null;
};

export const pets = defineTable({
  name: 'pets',
  comment: "Members' pets. Holds personal data: not for analysts.",
  columns: {
    pet_id: { type: 'text', comment: 'Id of the pet' },
    member_id: { type: 'text', comment: 'Id of its owner' },
    ordinal: { type: 'bigint', comment: 'Place in the log where it was added' },
    name: {
      type: 'text',
      nullable: true,
      comment: 'Personal: its name; null once the person was erased',
    },
    species: { type: 'text', comment: 'Species' },
    breed: {
      type: 'text',
      nullable: true,
      comment: 'Personal: its breed, empty if not known; null once the person was erased',
    },
    birth_date: {
      type: 'text',
      nullable: true,
      comment: 'Personal: day of birth; null once the person was erased',
    },
    vaccinations: { type: 'jsonb', comment: 'Personal: vaccinations in the order of recording' },
    removed: { type: 'boolean', comment: 'Whether its owner removed it' },
    revision: { type: 'integer', comment: 'Revision of the pet: it grows with each change' },
    changed_ordinal: changedColumn,
  },
  key: ['pet_id'],
  indexes: [['member_id', 'ordinal']],
  tells: [{ topic: 'pets', of: null, at: 'changed_ordinal' }],
});
