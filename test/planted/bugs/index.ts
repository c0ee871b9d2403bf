import type { PlantedBug } from '../bug.ts';
import { commandBugs } from './commands.ts';
import { consumerBugs } from './consumer.ts';
import { crashBugs } from './crashes.ts';
import { determinismBugs } from './determinism.ts';
import { domainBugs } from './domain.ts';
import { eventStoreBugs } from './event-store.ts';
import { liveBugs } from './live.ts';
import { moneyBugs } from './money.ts';
import { networkBugs } from './network.ts';
import { peopleBugs } from './people.ts';
import { processBugs } from './processes.ts';
import { projectionBugs } from './projections.ts';
import { readBugs } from './reads.ts';
import { sagaBugs } from './sagas.ts';
import { simulationBugs } from './simulation.ts';

/** Every bug that `npm run test:planted` plants. */
export const bugs: readonly PlantedBug[] = [
  ...commandBugs,
  ...eventStoreBugs,
  ...consumerBugs,
  ...projectionBugs,
  ...readBugs,
  ...sagaBugs,
  ...moneyBugs,
  ...liveBugs,
  ...peopleBugs,
  ...domainBugs,
  ...determinismBugs,
  ...processBugs,
  ...crashBugs,
  ...networkBugs,
  ...simulationBugs,
];
