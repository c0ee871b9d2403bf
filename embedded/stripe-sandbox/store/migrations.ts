/** Forward only: never edit an entry that was released, add the next one. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: 'objects, idempotency keys, webhooks',
    sql: `
      -- Every API object is one row: body is what the API answers, hidden is what it never shows.
      CREATE TABLE stripe_sandbox.objects (
        id      text PRIMARY KEY,
        seq     bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        object  text NOT NULL,
        created bigint NOT NULL,
        body    jsonb NOT NULL,
        hidden  jsonb NOT NULL,
        -- The last line of defence behind the row locks: money never leaves twice.
        CONSTRAINT never_refund_more_than_captured CHECK (
          object <> 'charge'
          OR (body->>'amount_refunded')::bigint <= (body->>'amount_captured')::bigint
        )
      );
      CREATE INDEX objects_by_kind ON stripe_sandbox.objects (object, seq);
      CREATE INDEX objects_by_customer ON stripe_sandbox.objects ((body->>'customer'), seq)
        WHERE body->>'customer' IS NOT NULL;
      CREATE INDEX objects_by_payment_intent ON stripe_sandbox.objects ((body->>'payment_intent'))
        WHERE body->>'payment_intent' IS NOT NULL;
      CREATE INDEX objects_by_charge ON stripe_sandbox.objects ((body->>'charge'))
        WHERE body->>'charge' IS NOT NULL;
      CREATE INDEX transactions_by_source ON stripe_sandbox.objects ((body->>'source'))
        WHERE object = 'balance_transaction';
      CREATE INDEX payment_intents_by_metadata ON stripe_sandbox.objects
        USING gin ((body->'metadata') jsonb_path_ops) WHERE object = 'payment_intent';
      CREATE INDEX payment_intents_by_attempt ON stripe_sandbox.objects ((hidden->>'attempt'))
        WHERE hidden->>'attempt' IS NOT NULL;
      CREATE INDEX charges_to_settle ON stripe_sandbox.objects (seq) WHERE hidden->>'settle' = 'due';

      CREATE TABLE stripe_sandbox.idempotency_keys (
        scope        text NOT NULL,
        key          text NOT NULL,
        endpoint     text NOT NULL,
        params_hash  bytea NOT NULL,
        request_id   text NOT NULL,
        status       integer NOT NULL,
        body         text NOT NULL,
        created_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, key)
      );
      CREATE INDEX idempotency_keys_by_age ON stripe_sandbox.idempotency_keys (created_at);

      CREATE TABLE stripe_sandbox.webhook_endpoints (
        id       text PRIMARY KEY,
        url      text NOT NULL,
        secret   text NOT NULL,
        enabled  boolean NOT NULL
      );

      -- The outbox: written with the event, removed from "pending" by the endpoint's 2xx.
      CREATE TABLE stripe_sandbox.deliveries (
        id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id        text NOT NULL REFERENCES stripe_sandbox.objects (id),
        endpoint_id     text NOT NULL REFERENCES stripe_sandbox.webhook_endpoints (id),
        status          text NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'delivered', 'given_up')),
        attempts        integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        leased_until    timestamptz NOT NULL DEFAULT '-infinity',
        created_at      timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX deliveries_due ON stripe_sandbox.deliveries (next_attempt_at)
        WHERE status = 'pending';
      CREATE INDEX deliveries_by_event ON stripe_sandbox.deliveries (event_id);

      CREATE TABLE stripe_sandbox.delivery_attempts (
        delivery_id  bigint NOT NULL REFERENCES stripe_sandbox.deliveries (id),
        attempt      integer NOT NULL,
        at           timestamptz NOT NULL DEFAULT now(),
        status_code  integer,
        error        text,
        duration_ms  integer NOT NULL,
        PRIMARY KEY (delivery_id, attempt)
      );
    `,
  },
  {
    name: 'what the bank decides later',
    sql: `
      CREATE INDEX objects_due ON stripe_sandbox.objects (((hidden->>'dueAt')::bigint))
        WHERE hidden->>'dueAt' IS NOT NULL;
    `,
  },
  {
    name: 'what an endpoint wants to hear of',
    sql: `
      ALTER TABLE stripe_sandbox.webhook_endpoints
        ADD COLUMN enabled_events text[] NOT NULL DEFAULT '{*}';
    `,
  },
  {
    // From 2 kB on Postgres compresses a row, and each of the indexes that look into a body unpacks it
    // again. A charge and the events about it are 2.5 kB.
    name: 'bodies as they are',
    sql: 'ALTER TABLE stripe_sandbox.objects SET (toast_tuple_target = 8160);',
  },
];
