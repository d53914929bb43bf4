{{/* What the container is told. Flags of which nothing is said have the operator's defaults. */}}
{{- define "trustmint.args" -}}
- serve
- {{ printf "--issuer=%s" (include "trustmint.issuer" .) | quote }}
- --listen=:8443
- --ops-listen=:8444
{{- with .Values.tls }}
{{- if eq .mode "selfSigned" }}
- --tls-self-signed={{ join "," (include "trustmint.dnsNames" $ | fromJson).names }}
- --tls-secret={{ include "trustmint.tlsSecret" $ }}
- --ca-config-map={{ include "trustmint.caConfigMap" $ }}
{{- with .caNamespaces }}
- {{ printf "--ca-namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- else }}
- --tls-cert=/etc/trustmint/tls/tls.crt
- --tls-key=/etc/trustmint/tls/tls.key
{{- end }}
{{- end }}
{{- if ne .Values.tenancy.mode "namespace" }}
- {{ printf "--tenancy=%s" .Values.tenancy.mode | quote }}
{{- end }}
{{- with .Values.tenancy.tenant }}
- {{ printf "--tenant=%s" . | quote }}
{{- end }}
{{- with .Values.watchNamespaces }}
- {{ printf "--watch-namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.config }}
{{- with .maxTtl }}
- {{ printf "--max-ttl=%s" . | quote }}
{{- end }}
{{- with .maxStaleness }}
- {{ printf "--max-staleness=%s" . | quote }}
{{- end }}
{{- with .rateLimit }}
- {{ printf "--rate-limit=%s" . | quote }}
{{- end }}
{{- with .rotateKeys }}
- {{ printf "--rotate-keys=%s" . | quote }}
{{- end }}
{{- with .defaultAudience }}
- {{ printf "--default-audience=%s" . | quote }}
{{- end }}
{{- with .serviceAccountIssuers }}
- {{ printf "--service-account-issuers=%s" (join "," .) | quote }}
{{- end }}
{{- if not .finalizers }}
- --no-finalizers
{{- end }}
{{- end }}
{{- with .Values.log.level }}
- {{ printf "--log-level=%s" . | quote }}
{{- end }}
{{- with .Values.log.format }}
- {{ printf "--log-format=%s" . | quote }}
{{- end }}
{{- with .Values.drainDelay }}
- {{ printf "--drain-delay=%s" . | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
