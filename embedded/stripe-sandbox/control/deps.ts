import type { Pool } from 'pg';

export type ControlDeps = {
  pool: Pool;
  /** Something is to be delivered or settled. */
  wake: () => void;
};
