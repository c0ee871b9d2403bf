import type { Money } from '../../domain/_kernel/money.ts';

/** What commands need from outside the log; platform adapters implement it, roles wire it. */
export type CommandPorts = {
  readonly payments: PaymentGateway;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
};

export type PaymentGateway = {
  /**
   * Creates the PaymentIntent of a payment, or finds the one that exists: `paymentId` is Stripe's
   * idempotency key and stands in the metadata. The client secret is returned and never stored.
   */
  createIntent(input: {
    readonly paymentId: string;
    readonly enrollmentId: string;
    readonly activityId: string;
    readonly amount: Money;
    readonly description: string;
    /** It was asked for before: looked for first, because Stripe forgets keys after a day. */
    readonly mayExist: boolean;
    /** Epoch milliseconds: the command's. An answer is there before it, or it failed. */
    readonly deadline: number;
  }): Promise<{ readonly intentId: string; readonly clientSecret: string }>;
  /** The client secret of an intent that was created earlier. */
  clientSecret(intentId: string, deadline: number): Promise<string>;
};

export type Passwords = {
  /** Argon2id, PHC string. Tens of milliseconds of a worker thread. */
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
};

export type Secrets = {
  /** Keyed hash that names reservation streams; case and width of the value are folded by the caller. */
  blindIndex(kind: string, value: string): string;
  /** The `index`-th gift code of a batch, derived, as printed on the voucher. */
  giftCode(commandId: string, index: number): string;
  /** Keyed hash of a gift code, insensitive to case and dashes. */
  giftCodeHash(code: string): string;
  /** Signs a ticket for its ids; the same ids give the same text. */
  signTicket(ids: TicketIds): string;
  /** The ids of a genuine ticket; null for anything else. */
  verifyTicket(ticket: string): TicketIds | null;
};

export type TicketIds = {
  readonly ticketId: `tkt_${string}`;
  readonly enrollmentId: `enr_${string}`;
  readonly activityId: `act_${string}`;
  readonly memberId: `mem_${string}`;
};
