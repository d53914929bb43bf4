{{/* What the container is told. Flags of which nothing is said have the operator's defaults. */}}
{{- define "trustmint.args" -}}
- serve
- --issuer={{ include "trustmint.issuer" . }}
- --listen=:8443
- --ops-listen=:8444
{{- with .Values.tls }}
{{- if eq .mode "selfSigned" }}
- --tls-self-signed={{ join "," (include "trustmint.dnsNames" $ | fromJson).names }}
- --tls-secret={{ include "trustmint.tlsSecret" $ }}
- --ca-config-map={{ include "trustmint.caConfigMap" $ }}
{{- with .caNamespaces }}
- --ca-namespaces={{ join "," . }}
{{- end }}
{{- else }}
- --tls-cert=/etc/trustmint/tls/tls.crt
- --tls-key=/etc/trustmint/tls/tls.key
{{- end }}
{{- end }}
{{- if ne .Values.tenancy.mode "namespace" }}
- --tenancy={{ .Values.tenancy.mode }}
{{- end }}
{{- with .Values.tenancy.tenant }}
- --tenant={{ . }}
{{- end }}
{{- with .Values.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- with .Values.config }}
{{- with .maxTtl }}
- --max-ttl={{ . }}
{{- end }}
{{- with .maxStaleness }}
- --max-staleness={{ . }}
{{- end }}
{{- with .rateLimit }}
- --rate-limit={{ . }}
{{- end }}
{{- with .rotateKeys }}
- --rotate-keys={{ . }}
{{- end }}
{{- with .defaultAudience }}
- --default-audience={{ . }}
{{- end }}
{{- with .serviceAccountIssuers }}
- --service-account-issuers={{ join "," . }}
{{- end }}
{{- if not .finalizers }}
- --no-finalizers
{{- end }}
{{- end }}
{{- with .Values.log.level }}
- --log-level={{ . }}
{{- end }}
{{- with .Values.log.format }}
- --log-format={{ . }}
{{- end }}
{{- with .Values.drainDelay }}
- --drain-delay={{ . }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
