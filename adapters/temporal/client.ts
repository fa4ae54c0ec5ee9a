/** The connection to Temporal: one a process, shared by its clients and workers. */
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { KeelError } from '../../core/errors.ts';
import type { VersioningSettings } from './deployments.ts';
import { dataConverterOf, type EncryptionSettings } from './encryption.ts';

export interface TemporalHandle {
  readonly client: Client;
  readonly connection: Connection;
  /** For workers. */
  readonly nativeConnection: NativeConnection;
  readonly namespace: string;
  /** How the client encodes; workers must do the same. */
  readonly dataConverter: DataConverter;
  /** Undefined: workers are unversioned. */
  readonly versioning: VersioningSettings | undefined;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Connects client and workers. Throws UNAVAILABLE when no server answers at the address within 10 s. */
export async function connectTemporal(options: {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  /** Absent: nothing is encrypted. */
  readonly encryption?: EncryptionSettings | undefined;
  /** Absent: workers are unversioned. */
  readonly versioning?: VersioningSettings | undefined;
}): Promise<TemporalHandle> {
  const { address, namespace, versioning } = options;
  const dataConverter = dataConverterOf(options.encryption);
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: CONNECT_TIMEOUT_MS });
    const nativeConnection = await NativeConnection.connect({ address });
    const client = new Client({ connection, namespace, dataConverter });
    const opened = connection;
    return {
      client,
      connection,
      nativeConnection,
      namespace,
      dataConverter,
      versioning,
      async close() {
        await opened.close();
        await nativeConnection.close();
      },
    };
  } catch (error) {
    await connection?.close();
    throw unavailable(`Temporal does not answer at ${address}; is the server up?`, error);
  }
}

/** An error of a Temporal call as one of ours. */
export function unavailable(message: string, cause: unknown): KeelError {
  const detail = cause instanceof Error ? ` (${cause.message})` : '';
  return new KeelError('UNAVAILABLE', `${message}${detail}`, { cause });
}

/** A workflow of that id runs or ran: for whoever starts one per event, that is success. */
export function isAlreadyStarted(error: unknown): boolean {
  return error instanceof WorkflowExecutionAlreadyStartedError;
}

/** The page of a workflow in the web UI. */
export function workflowUrl(uiUrl: string, namespace: string, workflowId: string): string {
  const base = uiUrl.replace(/\/$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
