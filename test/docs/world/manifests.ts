/** What the mint of the world `mint` serves: what the pages speak of. */
export const ISSUER = 'https://mint.example.com';

const policy = (name: string, rules: string) => `
apiVersion: trustmint.dev/v1alpha1
kind: TrustPolicy
metadata: { name: ${name}, namespace: ai-agents }
spec:
  provider: kubernetes
  issuer: http://127.0.0.1:9000
  audience: satgate
  trustRules:
${rules}`;

const agent = (name: string, agentType: string) => `
apiVersion: trustmint.dev/v1alpha1
kind: AgentRegistration
metadata: { name: ${name} }
spec:
  agentType: ${agentType}
  userId: alice
  identity: { spiffe: { trustDomain: cluster.local, tenantId: tenant-1 } }
`;

const api = (name: string) => `
      issue:
        actsFor: RegisteredUser
        resources: [sample-api-a]
        scopes: ["sample-api-a:read", "sample-api-a:write"]
        delegation: { maxDepth: 2 }
        ttl: 1h # ${name}`;

export const MANIFESTS = [
  policy(
    'agents',
    `    - name: reader
      match: { serviceAccount: "reader-*" }
      issue: { ttl: 1h, resources: [documents], scopes: ["documents:read"] }
    - name: research
      match: { serviceAccount: research-agent }
      issue: { ttl: 8h, budgetCredits: 1000, caveats: ["department = research"] }
`,
  ),
  `
apiVersion: trustmint.dev/v1alpha1
kind: ClusterTrustPolicy
metadata: { name: ci }
spec:
  provider: github
  issuer: http://127.0.0.1:9000/_services/token
  audience: satgate
  trustRules:
    - { name: main, match: { owner: acme-corp, ref: refs/heads/main }, issue: { ttl: 1h } }
`,
  `
apiVersion: trustmint.dev/v1alpha1
kind: ProtectedResource
metadata: { name: documents }
spec:
  audience: documents
  scopes: ["documents:read", "documents:write"]
  limits: { maxBudgetCredits: 100 }
`,
  `
apiVersion: trustmint.dev/v1alpha1
kind: ClusterTrustPolicy
metadata: { name: spiffe-agents }
spec:
  provider: spiffe
  audience: ${ISSUER}
  tenant: "{{ .Attributes.tenantId }}"
  spiffe:
    trustDomain: cluster.local
    pathTemplate: /agent/{tenantId}/{userId}/{agentType}/{agentId}
    bundle: { endpoint: { url: "http://127.0.0.1:9000/spiffe/bundle" } }
  trustRules:
    - name: global-worker
      match: { path: { agentType: global-worker } }${api('the parent')}
    - name: summariser
      match: { path: { agentType: summariser } }${api('the child')}
`,
  `
apiVersion: trustmint.dev/v1alpha1
kind: ProtectedResource
metadata: { name: sample-api-a }
spec:
  audience: sample-api-a
  tokenType: JWT
  scopes: ["sample-api-a:read", "sample-api-a:write"]
`,
  agent('agent-22962c27', 'global-worker'),
  agent('agent-5', 'summariser'),
].join('---');
