import type { Migration } from '../postgres/index.ts';

export const identityMigrations: readonly Migration[] = [
  {
    name: '0001-sessions',
    sql: `
      create table identity.sessions (
        session_id text primary key,
        member_id text not null,
        started_at timestamptz not null,
        expires_at timestamptz not null,
        last_used_at timestamptz not null,
        ended_at timestamptz,
        end_cause text check (end_cause in ('logged-out', 'token-reused', 'member-gone', 'revoked')),
        check ((ended_at is null) = (end_cause is null))
      );
      create index sessions_by_member on identity.sessions (member_id) where ended_at is null;
      create index sessions_by_expiry on identity.sessions (expires_at);
      comment on table identity.sessions is 'One row per log-in: the family of its refresh tokens.';

      create table identity.refresh_tokens (
        token_hash bytea primary key,
        session_id text not null references identity.sessions on delete cascade,
        issued_at timestamptz not null,
        rotated_at timestamptz,
        successor_seed bytea,
        check ((rotated_at is null) = (successor_seed is null))
      );
      create index refresh_tokens_by_session on identity.refresh_tokens (session_id);
      comment on table identity.refresh_tokens is 'SHA-256 of each refresh token; the newest of a session is the one without rotated_at.';
      comment on column identity.refresh_tokens.successor_seed is 'With the token itself it gives its successor again, for a client whose reply was lost.';`,
  },
];
