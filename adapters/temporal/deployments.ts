/**
 * Which builds of our workers the Temporal server knows (Worker Versioning), and which one new work goes to.
 * Orders stay with the build that began them; docs/guides/deploy-with-orders-in-flight.md walks a deploy.
 */
import { createHash } from 'node:crypto';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { KeelError } from '../../core/errors.ts';

/** `temporal.versioning` of the configuration. */
export interface VersioningSettings {
  /** Temporal's name for all our workers together. */
  readonly deployment: string;
  /** Empty: made from the workflows' code by `buildIdOf`. */
  readonly buildId: string;
}

export interface WorkerBuild {
  readonly buildId: string;
  /**
   * `inactive`: workers poll, nothing is sent to them yet. `current`: new workflows start here. `draining`:
   * only workflows that began here. `drained`: none is left open, its workers may stop.
   */
  readonly status: 'inactive' | 'current' | 'ramping' | 'draining' | 'drained' | 'unknown';
  /** When its workers were first seen, ms UTC. */
  readonly createdAt: number;
}

export interface Deployments {
  /** Newest first; none before the first versioned worker. */
  list(): Promise<readonly WorkerBuild[]>;
  /**
   * Sends new workflows to that build, and long-lived ones from their next continue-as-new on. Throws CONFLICT
   * while its workers have not been seen on all task queues of the build before.
   */
  makeCurrent(buildId: string): Promise<void>;
}

/** gRPC codes. */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

/** By the server's number; its last one is a build that was announced and has not polled yet. */
const STATUSES = [
  'unknown',
  'inactive',
  'current',
  'ramping',
  'draining',
  'drained',
  'inactive',
] as const;
const HASH_CHARACTERS = 12;

/** The configured build id, or a hash of the workflows' code: what changes it is what could break an order. */
export function buildIdOf(settings: VersioningSettings, workflowCode: string): string {
  if (settings.buildId !== '') return settings.buildId;
  return createHash('sha256').update(workflowCode).digest('hex').slice(0, HASH_CHARACTERS);
}

/** `identity` is told to the server as who changed it. */
export function createDeployments(
  client: Client,
  { deployment }: Pick<VersioningSettings, 'deployment'>,
  identity: string,
): Deployments {
  const { workflowService } = client;
  const { namespace } = client.options;

  async function list(): Promise<readonly WorkerBuild[]> {
    try {
      const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({
        namespace,
        deploymentName: deployment,
      });
      return (workerDeploymentInfo?.versionSummaries ?? [])
        .map(({ deploymentVersion, status, createTime }) => ({
          buildId: deploymentVersion?.buildId ?? '',
          status: STATUSES[status ?? 0],
          createdAt: Number(createTime?.seconds ?? 0) * 1000,
        }))
        .toSorted((a, b) => b.createdAt - a.createdAt);
    } catch (error) {
      if (isGrpcServiceError(error) && codeOf(error) === NOT_FOUND) return [];
      throw unanswered(error);
    }
  }

  return {
    list,
    async makeCurrent(buildId) {
      try {
        await workflowService.setWorkerDeploymentCurrentVersion({
          namespace,
          deploymentName: deployment,
          buildId,
          identity,
        });
      } catch (error) {
        const refused =
          isGrpcServiceError(error) && [NOT_FOUND, FAILED_PRECONDITION].includes(codeOf(error));
        if (!refused) throw unanswered(error);
        const known = (await list()).map((build) => build.buildId).join(', ');
        throw new KeelError(
          'CONFLICT',
          `build ${buildId} cannot become current (${error.details}): start all its workers first; seen so far: ${known || 'none'}`,
          { cause: error },
        );
      }
    },
  };
}

function codeOf({ code }: { readonly code: number }): number {
  return code;
}

function unanswered(error: unknown): KeelError {
  const reason = isGrpcServiceError(error) ? error.details : String(error);
  return new KeelError('UNAVAILABLE', `Temporal did not answer for worker builds (${reason})`, {
    cause: error,
  });
}
