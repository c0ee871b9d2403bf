export { MoveRefusedError, ServerAwayError } from './errors.ts';
export { type Exported, type ExportOptions, exportLog } from './export-log.ts';
export { textOfPosition } from './format.ts';
export { type Imported, type ImportOptions, importLog } from './import-log.ts';
