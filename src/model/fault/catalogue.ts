import { accessFaults } from './access-faults.ts'
import { appFaults } from './app-faults.ts'
import { deployFaults } from './deploy-faults.ts'
import { edgeFaults } from './edge-faults.ts'
import { generalFaults } from './general-faults.ts'
import { hostFaults } from './host-faults.ts'
import { machineFaults } from './machine-faults.ts'
import { platformFaults } from './platform-faults.ts'
import { projectFaults } from './project-faults.ts'
import { scaleFaults } from './scale-faults.ts'
import { storeFaults } from './store-faults.ts'
import { workerFaults } from './worker-faults.ts'

/** Every fault there is: the code is `status` on the wire, `docs/reference/errors.md` lists it. */
export const catalogue = {
  ...generalFaults,
  ...appFaults,
  ...machineFaults,
  ...hostFaults,
  ...edgeFaults,
  ...deployFaults,
  ...storeFaults,
  ...platformFaults,
  ...projectFaults,
  ...accessFaults,
  ...scaleFaults,
  ...workerFaults,
} as const
export type Catalogue = typeof catalogue
