/** Builds of the workers: which there are, and which is current. */
import type { AuditRepository } from '../../adapters/repositories.ts';
import type { Deployments, WorkerBuild } from '../../adapters/temporal/deployments.ts';
import { KeelError } from '../../core/errors.ts';

export interface BuildServiceDeps {
  readonly audit: AuditRepository;
  /** Undefined where workers are unversioned. */
  readonly versioned:
    { readonly deployment: string; readonly deployments: Deployments } | undefined;
}

export interface Builds {
  readonly deployment: string;
  readonly builds: readonly WorkerBuild[];
}

export interface BuildService {
  /** Both throw CONFIG_INVALID where workers are unversioned, UNAVAILABLE while Temporal is away. */
  list(): Promise<Builds>;
  /** Throws CONFLICT while the build's workers are not all there. */
  makeCurrent(buildId: string, by: string): Promise<Builds>;
}

export function createBuildService({ audit, versioned }: BuildServiceDeps): BuildService {
  function known(): NonNullable<BuildServiceDeps['versioned']> {
    if (versioned !== undefined) return versioned;
    throw new KeelError(
      'CONFIG_INVALID',
      'workers are unversioned here: set temporal.versioning (or KEEL_BUILD_ID) for workers and api',
    );
  }
  async function list(): Promise<Builds> {
    const { deployment, deployments } = known();
    return { deployment, builds: await deployments.list() };
  }
  return {
    list,
    async makeCurrent(buildId, by) {
      await known().deployments.makeCurrent(buildId);
      await audit.write({ actor: by, action: 'build.current', target: buildId });
      return list();
    },
  };
}
