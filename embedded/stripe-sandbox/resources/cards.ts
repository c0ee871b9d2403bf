/** What a test card does when it is charged (docs.stripe.com/testing). */
export type CardOutcome =
  | Approval
  | Refusal
  /** 3-D Secure first; passed, the inner outcome decides. */
  | { readonly kind: 'authenticate'; readonly afterwards: Approval | Refusal }
  /** The bank takes its time; the inner outcome is its answer. */
  | { readonly kind: 'process'; readonly afterwards: Approval | Refusal };

export type Approval = {
  readonly kind: 'approve';
  /** The money is available at once. */
  readonly bypassPending?: true;
  /** Refunds start pending and succeed later, or succeed and fail later. */
  readonly refunds?: 'fail' | 'pend';
};
export type Refusal = { readonly kind: 'decline'; readonly decline: Decline };

export type Decline = {
  readonly code: string;
  readonly declineCode?: string;
  readonly message: string;
  readonly advice: 'try_again_later' | 'do_not_try_again' | 'confirm_card_data';
  readonly networkDeclineCode?: string;
};

export type TestCard = {
  readonly number: string;
  readonly brand: 'amex' | 'discover' | 'mastercard' | 'visa';
  readonly funding: 'credit' | 'debit' | 'prepaid';
  readonly country: string;
  readonly outcome: CardOutcome;
  /** Names that may stand for the card instead of its number; the first is its own. */
  readonly names: readonly [string, ...string[]];
};

const cardDeclined = (
  declineCode: string,
  message: string,
  advice: Decline['advice'] = 'do_not_try_again',
  networkDeclineCode = '05',
): Decline => ({ code: 'card_declined', declineCode, message, advice, networkDeclineCode });

export const DECLINES = {
  generic: cardDeclined('generic_decline', 'Your card was declined.', 'try_again_later', '01'),
  insufficientFunds: cardDeclined(
    'insufficient_funds',
    'Your card has insufficient funds.',
    'try_again_later',
    '51',
  ),
  lostCard: cardDeclined('lost_card', 'Your card was declined.', 'do_not_try_again', '41'),
  stolenCard: cardDeclined('stolen_card', 'Your card was declined.', 'do_not_try_again', '43'),
  velocity: cardDeclined(
    'card_velocity_exceeded',
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
    'try_again_later',
    '65',
  ),
  expired: {
    code: 'expired_card',
    message: 'Your card has expired.',
    advice: 'do_not_try_again',
    networkDeclineCode: '54',
  },
  incorrectCvc: {
    code: 'incorrect_cvc',
    message: "Your card's security code is incorrect.",
    advice: 'confirm_card_data',
    networkDeclineCode: 'N7',
  },
  processingError: {
    code: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
    advice: 'try_again_later',
    networkDeclineCode: '06',
  },
  /** What an off-session charge meets where 3-D Secure is needed. */
  authenticationRequired: {
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
    advice: 'try_again_later',
    networkDeclineCode: '1A',
  },
} as const satisfies Record<string, Decline>;

const approve = { kind: 'approve' } as const;
const decline = (reason: Decline) => ({ kind: 'decline', decline: reason }) as const;
const authenticate = (afterwards: Approval | Refusal) =>
  ({ kind: 'authenticate', afterwards }) as const;

const process = (afterwards: Approval | Refusal) => ({ kind: 'process', afterwards }) as const;

type Row = [number: string, outcome: CardOutcome, names: [string, ...string[]], rest?: Rest];
type Rest = Partial<Pick<TestCard, 'brand' | 'funding' | 'country'>>;

const TABLE: readonly Row[] = [
  ['4242424242424242', approve, ['pm_card_visa']],
  ['4000056655665556', approve, ['pm_card_visa_debit'], { funding: 'debit' }],
  ['5555555555554444', approve, ['pm_card_mastercard'], { brand: 'mastercard' }],
  [
    '5200828282828210',
    approve,
    ['pm_card_mastercard_debit'],
    { brand: 'mastercard', funding: 'debit' },
  ],
  ['378282246310005', approve, ['pm_card_amex'], { brand: 'amex' }],
  ['6011111111111117', approve, ['pm_card_discover'], { brand: 'discover' }],
  ['4000002500000003', approve, ['pm_card_fr'], { country: 'FR' }],
  ['4000002760000016', approve, ['pm_card_de'], { country: 'DE' }],
  ['4000008260000000', approve, ['pm_card_gb'], { country: 'GB' }],
  ['4000000000003055', approve, ['pm_card_threeDSecureOptional']],
  ['4000000000000077', { kind: 'approve', bypassPending: true }, ['pm_card_bypassPending']],
  ['4000000000007726', { kind: 'approve', refunds: 'pend' }, ['pm_card_pendingRefund']],
  ['4000000000005126', { kind: 'approve', refunds: 'fail' }, ['pm_card_refundFail']],

  [
    '4000000000000002',
    decline(DECLINES.generic),
    ['pm_card_visa_chargeDeclined', 'pm_card_chargeDeclined'],
  ],
  [
    '4000000000009995',
    decline(DECLINES.insufficientFunds),
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'pm_card_chargeDeclinedInsufficientFunds'],
  ],
  [
    '4000000000009987',
    decline(DECLINES.lostCard),
    ['pm_card_visa_chargeDeclinedLostCard', 'pm_card_chargeDeclinedLostCard'],
  ],
  [
    '4000000000009979',
    decline(DECLINES.stolenCard),
    ['pm_card_visa_chargeDeclinedStolenCard', 'pm_card_chargeDeclinedStolenCard'],
  ],
  [
    '4000000000006975',
    decline(DECLINES.velocity),
    [
      'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
      'pm_card_chargeDeclinedVelocityLimitExceeded',
    ],
  ],
  ['4000000000000069', decline(DECLINES.expired), ['pm_card_chargeDeclinedExpiredCard']],
  ['4000000000000127', decline(DECLINES.incorrectCvc), ['pm_card_chargeDeclinedIncorrectCvc']],
  [
    '4000000000000119',
    decline(DECLINES.processingError),
    ['pm_card_chargeDeclinedProcessingError'],
  ],
  // Can be attached to a customer, declines when charged.
  ['4000000000000341', decline(DECLINES.generic), ['pm_card_chargeCustomerFail']],

  ['4000002500003155', authenticate(approve), ['pm_card_authenticationRequiredOnSetup']],
  ['4000002760003184', authenticate(approve), ['pm_card_authenticationRequired']],
  ['4000000000003220', authenticate(approve), ['pm_card_threeDSecure2Required']],
  [
    '4000008400001629',
    authenticate(decline(DECLINES.generic)),
    ['pm_card_threeDSecureRequiredChargeDeclined'],
  ],
  [
    '4000008260003178',
    authenticate(decline(DECLINES.insufficientFunds)),
    ['pm_card_authenticationRequiredChargeDeclinedInsufficientFunds'],
    { country: 'GB' },
  ],

  // Not Stripe's: they stand in for methods that take days (SEPA), which the sandbox has not yet.
  ['4000000000009001', process(approve), ['pm_sandbox_processing']],
  ['4000000000009019', process(decline(DECLINES.generic)), ['pm_sandbox_processingDeclined']],
];

export const TEST_CARDS: readonly TestCard[] = TABLE.map(([number, outcome, names, rest]) => ({
  number,
  outcome,
  names,
  brand: 'visa',
  funding: 'credit',
  country: 'US',
  ...rest,
}));

const BY_NAME = new Map(TEST_CARDS.flatMap((card) => card.names.map((name) => [name, card])));
const BY_NUMBER = new Map(TEST_CARDS.map((card) => [card.number, card]));

export const cardByName = (name: string): TestCard | undefined => BY_NAME.get(name);
export const cardByNumber = (number: string): TestCard | undefined => BY_NUMBER.get(number);

/** The check digit every card number ends with; 4242424242424241 fails it. */
export function passesLuhn(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  let sum = 0;
  for (const [index, digit] of [...number].reverse().entries()) {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
