import { runOnOurNode } from './run.ts';
import { openRestarted } from './target.ts';

// Killed with SIGKILL between the writes of the cases and what they look at.
runOnOurNode(openRestarted);
