/**
 * One spelling per mailbox: trimmed, NFC, lower-case on both sides of the @. RFC 5321 §2.4 lets a
 * server tell `Anna@` from `anna@`; none that people use does, and two accounts that differ by a
 * capital letter would be a trap. Dots and plus-tags stay: they are the owner's own distinction.
 */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
