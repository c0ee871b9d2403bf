import { type Verdict, verifyFile } from './_runtime/verify-file.ts';
import { settlementFile } from './activity-settlement/file.ts';
import { journalFile } from './journal/file.ts';
import { participationFile } from './participation-summary/file.ts';

/** Every file that is exported. One that is not listed here cannot be verified. */
export const exportedFiles = [journalFile, participationFile, settlementFile] as const;

/**
 * Whether an exported file is whole and unchanged and its totals are right. `line` counts from 1.
 * Says what is wrong with a file of another kind, too: it never throws for a text.
 */
export const verifyExport = (text: string): Verdict => verifyFile(text, exportedFiles);
