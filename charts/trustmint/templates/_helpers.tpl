{{- define "trustmint.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "trustmint.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of the operator's Pods, and of no other: the hooks' have another component. */}}
{{- define "trustmint.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "trustmint.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "trustmint.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name: name the account that exists, for serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "trustmint.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Service's name as clients of every namespace reach it. */}}
{{- define "trustmint.host" -}}
{{ include "trustmint.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "trustmint.issuer" -}}
{{- .Values.issuer | default (printf "https://%s:%v" (include "trustmint.host" .) .Values.service.port) -}}
{{- end -}}

{{/* Where the mint is asked, with a certificate for that name: inside of the cluster, if nothing else is known. */}}
{{- define "trustmint.url" -}}
{{- if and .Values.tls.publicAuthority .Values.issuer -}}
{{- .Values.issuer -}}
{{- else -}}
{{- printf "https://%s:%v" (include "trustmint.host" .) .Values.service.port -}}
{{- end -}}
{{- end -}}

{{- define "trustmint.tlsSecret" -}}
{{- .Values.tls.secretName | default (printf "%s-tls" (include "trustmint.fullname" .)) -}}
{{- end -}}

{{- define "trustmint.caConfigMap" -}}
{{- .Values.tls.caConfigMap | default (printf "%s-ca" (include "trustmint.fullname" .)) -}}
{{- end -}}

{{/* Where clients find the authority of the serving certificate, as JSON; {} where they know it already. */}}
{{- define "trustmint.authority" -}}
{{- if eq .Values.tls.mode "selfSigned" -}}
{{- dict "configMap" (dict "name" (include "trustmint.caConfigMap" .) "key" "ca.crt") | toJson -}}
{{- else if .Values.tls.publicAuthority -}}
{}
{{- else -}}
{{- dict "secret" (dict "name" (include "trustmint.tlsSecret" .) "key" "ca.crt") | toJson -}}
{{- end -}}
{{- end -}}

{{/* The names of the serving certificate, as JSON. */}}
{{- define "trustmint.dnsNames" -}}
{{- $service := printf "%s.%s" (include "trustmint.fullname" .) .Release.Namespace -}}
{{- $names := list (printf "%s.svc" $service) (printf "%s.svc.%s" $service .Values.clusterDomain) $service -}}
{{- $issuer := urlParse (include "trustmint.issuer" .) -}}
{{- $host := regexReplaceAll ":[0-9]+$" $issuer.host "" -}}
{{- if not (regexMatch "^[0-9.]+$" $host) -}}
{{- $names = append $names $host -}}
{{- end -}}
{{- dict "names" (concat $names .Values.tls.dnsNames | uniq) | toJson -}}
{{- end -}}

{{/* Path prefixes for callers from outside: not verifying, introspecting and registering, which gateways and orchestrators do. */}}
{{- define "trustmint.publicPaths" -}}
paths:
  - /api/mint/exchange
  - /oauth2/token
  - /oauth2/revoke
  - /oauth2/jwks
  - /connect/token
  - /.well-known
{{- end -}}

{{- define "trustmint.namespacesOfCa" -}}
{{- dict "names" (prepend .Values.tls.caNamespaces .Release.Namespace | uniq) | toJson -}}
{{- end -}}

{{- define "trustmint.watched" -}}
{{- dict "names" (prepend .Values.watchNamespaces .Release.Namespace | uniq) | toJson -}}
{{- end -}}

{{/* Of a duration; 0 of none. */}}
{{- define "trustmint.seconds" -}}
{{- mul (regexFind "^[0-9]+" . | default "0" | int) (get (dict "s" 1 "m" 60 "h" 3600) (regexFind "[smh]?$" . | default "s")) -}}
{{- end -}}

{{- define "trustmint.checks" -}}
{{- if eq (include "trustmint.tlsSecret" .) "trustmint-keys" -}}
{{- fail "tls.secretName: trustmint-keys has the operator's own keys, and nothing else" -}}
{{- end -}}
{{- if and (eq .Values.tls.mode "certManager") (not .Values.tls.certManager.issuerRef.name) -}}
{{- fail "tls.certManager.issuerRef.name: name the issuer of cert-manager, for tls.mode is certManager" -}}
{{- end -}}
{{/* What the operator would not start with. */}}
{{- range list (list "drainDelay" .Values.drainDelay 0 300 "0s to 5m")
  (list "config.maxTtl" .Values.config.maxTtl 60 86400 "1m to 24h")
  (list "config.maxStaleness" .Values.config.maxStaleness 1 1800 "1s to 30m")
  (list "config.rotateKeys" .Values.config.rotateKeys 7200 999999999 "at least 2h")
  (list "uninstall.timeout" (.Values.uninstall.timeout | default "0s") 1 999999999 "a duration, as 2m") -}}
{{- $seconds := include "trustmint.seconds" (index . 1) | int -}}
{{- if and (index . 1) (or (lt $seconds (index . 2 | int)) (gt $seconds (index . 3 | int))) -}}
{{- fail (printf "%s: give %s" (first .) (last .)) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.tls.mode "selfSigned" -}}
{{- range .Values.tls.dnsNames -}}
{{- if or (hasPrefix "*" .) (regexMatch "(^|[.])[0-9]+$" .) -}}
{{- fail (printf "tls.dnsNames: %s is no name that the operator makes a certificate for; name each host" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (include "trustmint.seconds" .Values.drainDelay | int) -}}
{{- fail "terminationGracePeriodSeconds: give more than drainDelay, or Pods are killed while they answer" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: name at least one host, for ingress.enabled is true" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs: name at least one Gateway, for gateway.enabled is true" -}}
{{- end -}}
{{- range concat (keys .Values.commonLabels) (keys .Values.podLabels) (keys .Values.hooks.podLabels) -}}
{{- if regexMatch "^(app\\.kubernetes\\.io|helm\\.sh)/" . -}}
{{- fail (printf "commonLabels, podLabels: %s is the chart's own to say" .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.tenancy.tenant (ne .Values.tenancy.mode "single") -}}
{{- fail "tenancy.tenant: only with tenancy.mode single" -}}
{{- end -}}
{{- if and (eq .Values.tls.mode "selfSigned") .Values.tls.publicAuthority -}}
{{- fail "tls.publicAuthority: nobody knows the authority that the operator makes; leave it false with tls.mode selfSigned" -}}
{{- end -}}
{{- end -}}
