import { z } from 'zod';

/** Everybody is a member; the other roles are granted. */
export const allRoles = [
  'member',
  'vendor',
  'staff',
  'admin',
  'finance',
  'auditor',
  'analyst',
] as const;
export const roleSchema = z.enum(allRoles);
export type Role = z.infer<typeof roleSchema>;
