import { runContract } from './run.ts';
import { openFresh } from './target.ts';

// A node on an empty database, or the server of EVENTSTORE_CONTRACT_URL.
runContract(openFresh);
