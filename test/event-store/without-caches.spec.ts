import { runOnOurNode } from './run.ts';
import { openWithoutCaches } from './target.ts';

// Nothing is remembered: no stream heads, no ids, no newest events.
runOnOurNode(openWithoutCaches);
