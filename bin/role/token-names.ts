/** Who issues access tokens and who takes them: the same in every role. */
export const tokenNames = { issuer: 'pawprint', audience: 'pawprint-api' } as const;
