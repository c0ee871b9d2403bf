export {
  DataFolderInUse,
  type DataFolderLock,
  dataFolderOwner,
  lockDataFolder,
} from './data-folder-lock.ts';
export { importantText, type LogFiles, openLogFiles } from './log-files.ts';
export { ChildNotReady, endsWithParent, startNodeChild } from './node-child.ts';
export {
  definePart,
  type Exit,
  inProcess,
  type Part,
  type PartContext,
  type Running,
} from './part.ts';
export { type ChosenPorts, choosePorts, PortTaken, type PortWish } from './ports.ts';
export { runUntilAsked } from './run.ts';
export {
  type OpenSecrets,
  openSecrets,
  type Secrets,
  SecretsUnusable,
  secretsSchema,
} from './secrets.ts';
export { createSupervisor, type PartEvent, PartFailed, type Supervisor } from './supervisor.ts';
