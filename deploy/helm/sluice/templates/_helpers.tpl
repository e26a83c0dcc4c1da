{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* The pods that compute: all of them, or the nodes of a cluster. */ -}}
{{- define "sluice.computing" -}}
{{ include "sluice.selector" . }}
{{- if .Values.cluster.enabled }}
app.kubernetes.io/component: node
{{- end }}
{{- end -}}

{{- /* The pods that take requests: all of them, or the gateways of a cluster. */ -}}
{{- define "sluice.serving" -}}
{{ include "sluice.selector" . }}
{{- if .Values.cluster.enabled }}
app.kubernetes.io/component: gateway
{{- end }}
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "sluice.keysSecret" -}}
{{- if .Values.keys.existingSecret -}}
{{- .Values.keys.existingSecret -}}
{{- else if .Values.keys.file -}}
{{- printf "%s-keys" (include "sluice.fullname" .) -}}
{{- else if not .Values.keys.allowNone -}}
{{- fail "set keys.existingSecret or keys.file (made by `sluice keys add`), or keys.allowNone to serve everyone who can reach the pods" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.image" -}}
{{- $tag := default (ternary (printf "%s-cuda" .Chart.AppVersion) .Chart.AppVersion (gt (int .Values.gpu.count) 0)) .Values.image.tag -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}

{{- /* Names by which clients in the cluster reach the server; it refuses others (DNS rebinding). */ -}}
{{- define "sluice.config" -}}
{{- $name := include "sluice.fullname" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- $own := dict "host" "0.0.0.0" "port" 8080 "models-dir" "/models" "usage-dir" "/data/usage" "log-format" "json" "drain-timeout" (printf "%ds" (int .Values.drainSeconds)) "load-timeout" (printf "%dm" (int .Values.loadMinutes)) "allowed-host" (concat $hosts .Values.allowedHosts) -}}
{{- if include "sluice.keysSecret" . -}}
{{- $_ := set $own "keys-file" "/etc/sluice/keys/keys.json" -}}
{{- else -}}
{{- $_ := set $own "allow-no-key" true -}}
{{- end -}}
{{- if .Values.tls.existingSecret -}}
{{- $_ := set $own "tls-cert" "/etc/sluice/tls/tls.crt" -}}
{{- $_ := set $own "tls-key" "/etc/sluice/tls/tls.key" -}}
{{- end -}}
{{- with .Values.cluster -}}
{{- if .enabled -}}
{{- $_ := set $own "cluster" (required "set cluster.servers to the addresses of NATS, such as nats://nats.nats.svc:4222" .servers) -}}
{{- $_ := set $own "cluster-name" .name -}}
{{- if .credentialsSecret -}}
{{- $_ := set $own "cluster-credentials" "/etc/sluice/nats/credentials" -}}
{{- end -}}
{{- if .caSecret -}}
{{- $_ := set $own "cluster-ca" "/etc/sluice/nats-ca/ca.crt" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $own .Values.config) -}}
{{- end -}}

{{- define "sluice.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" (ne .Values.tls.existingSecret "") }}
{{- end -}}

{{- define "sluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "sluice.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* Mounts of the settings, the keys and certificates. */ -}}
{{- define "sluice.settingsMounts" -}}
- name: config
  mountPath: /etc/sluice/config
  readOnly: true
{{- if include "sluice.keysSecret" . }}
- name: keys
  mountPath: /etc/sluice/keys
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/sluice/tls
  readOnly: true
{{- end }}
{{- if and .Values.cluster.enabled .Values.cluster.credentialsSecret }}
- name: nats
  mountPath: /etc/sluice/nats
  readOnly: true
{{- end }}
{{- if and .Values.cluster.enabled .Values.cluster.caSecret }}
- name: nats-ca
  mountPath: /etc/sluice/nats-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- /* Volumes of those mounts. `role`: whose NATS credentials. */ -}}
{{- define "sluice.settingsVolumes" -}}
- name: config
  configMap:
    name: {{ include "sluice.fullname" .root }}
{{- with include "sluice.keysSecret" .root }}
- name: keys
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .root.Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- if .root.Values.cluster.enabled }}
{{- with .root.Values.cluster.credentialsSecret }}
- name: nats
  secret:
    secretName: {{ . }}
    items:
      - key: {{ $.role }}
        path: credentials
{{- end }}
{{- with .root.Values.cluster.caSecret }}
- name: nats-ca
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}
{{- end -}}
