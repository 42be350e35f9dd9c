import type { FeatureId } from '../assess/features.ts'

/** Where a kind of binding stands in the config: `path` to a list of tables or to one table, `name` the key that holds the binding's name in code. */
export interface BindingKey {
  readonly path: readonly string[]
  readonly feature: FeatureId
  readonly name: string
  /** What tells one from another: shown beside it. */
  readonly target?: string
}
const many = (path: string, feature: FeatureId, target?: string, name = 'binding'): BindingKey => ({
  path: path.split('.'),
  feature,
  name,
  ...(target === undefined ? {} : { target }),
})

/** wrangler's keys that make a binding (its config schema, November 2026). */
export const bindingKeys: readonly BindingKey[] = [
  many('kv_namespaces', 'kv', 'id'),
  many('d1_databases', 'd1', 'database_name'),
  many('r2_buckets', 'r2', 'bucket_name'),
  many('durable_objects.bindings', 'durable-objects', 'class_name', 'name'),
  many('queues.producers', 'queues', 'queue'),
  many('workflows', 'workflows', 'class_name'),
  many('services', 'services', 'service'),
  many('assets', 'assets', 'directory'),
  many('hyperdrive', 'hyperdrive', 'id'),
  many('ratelimits', 'rate-limits', 'namespace_id', 'name'),
  many('version_metadata', 'version-metadata'),
  many('analytics_engine_datasets', 'analytics-engine', 'dataset'),
  many('ai', 'ai'),
  many('ai_search', 'ai-search'),
  many('ai_search_namespaces', 'ai-search'),
  many('vectorize', 'vectorize', 'index_name'),
  many('browser', 'browser'),
  many('send_email', 'email', 'destination_address', 'name'),
  many('images', 'images'),
  many('media', 'media'),
  many('stream', 'media'),
  many('dispatch_namespaces', 'dispatch-namespaces', 'namespace'),
  many('mtls_certificates', 'mtls', 'certificate_id'),
  many('secrets_store_secrets', 'secrets-store', 'secret_name'),
  many('pipelines', 'pipelines', 'pipeline'),
  many('vpc_services', 'vpc', 'service_id'),
  many('vpc_networks', 'vpc'),
  many('worker_loaders', 'worker-loaders'),
  many('artifacts', 'other-binding'),
  many('websearch', 'other-binding'),
  many('flagship', 'other-binding'),
  many('agent_memory', 'other-binding'),
]

/** Types of Workers' own declarations → what a member of that type is. */
export const bindingTypes: Readonly<Record<string, FeatureId>> = {
  KVNamespace: 'kv',
  D1Database: 'd1',
  R2Bucket: 'r2',
  DurableObjectNamespace: 'durable-objects',
  Queue: 'queues',
  Workflow: 'workflows',
  Fetcher: 'services',
  Service: 'services',
  Hyperdrive: 'hyperdrive',
  RateLimit: 'rate-limits',
  WorkerVersionMetadata: 'version-metadata',
  AnalyticsEngineDataset: 'analytics-engine',
  Ai: 'ai',
  AISearchNamespace: 'ai-search',
  VectorizeIndex: 'vectorize',
  Vectorize: 'vectorize',
  BrowserWorker: 'browser',
  BrowserRun: 'browser',
  SendEmail: 'email',
  ImagesBinding: 'images',
  MediaBinding: 'media',
  StreamBinding: 'media',
  DispatchNamespace: 'dispatch-namespaces',
  SecretsStoreSecret: 'secrets-store',
  Pipeline: 'pipelines',
  WorkerLoader: 'worker-loaders',
}
