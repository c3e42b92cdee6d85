{{- define "keyrotation.fullname" -}}
{{- $name := ternary .Release.Name (printf "%s-keyrotation" .Release.Name) (contains "keyrotation" .Release.Name) -}}
{{- trunc 63 $name | trimSuffix "-" -}}
{{- end -}}

{{- define "keyrotation.selector" -}}
app.kubernetes.io/name: keyrotation
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "keyrotation.labels" -}}
{{ include "keyrotation.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* The watched namespaces as a JSON list. */}}
{{- define "keyrotation.namespaces" -}}
{{- .Values.namespaces | default (list .Release.Namespace) | toJson -}}
{{- end -}}

{{/* The Secrets that may be used, as a JSON list; empty: all of a namespace. */}}
{{- define "keyrotation.secrets" -}}
{{- $names := .Values.secrets.names -}}
{{- range $rotation := .Values.secrets.rotations -}}
{{- range $revision := until (int $.Values.secrets.revisions) -}}
{{- $names = append $names (printf "%s-r%d" $rotation (add1 $revision)) -}}
{{- end -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}

{{- define "keyrotation.rules" -}}
# `patch` is for the finalizer; the operator never changes a spec.
- apiGroups: [keyrotation.dev]
  resources: [keyrotations]
  verbs: [get, list, watch, patch]
- apiGroups: [keyrotation.dev]
  resources: [keyrotations/status]
  verbs: [patch]
{{- $secrets := include "keyrotation.secrets" . | fromJsonArray }}
{{- if $secrets }}
# The Secrets that are named, and those of the revisions. Creating cannot be narrowed to names.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, patch, delete]
  resourceNames:
    {{- toYaml $secrets | nindent 4 }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- else }}
# Reads the Secrets that a spec names, writes the keys into the one that LiteLLM reads, and makes one immutable Secret
# for each revision of the keys. It lists by its own labels only, but RBAC cannot say so.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, create, patch, delete]
{{- end }}
# Preflight reads what the pods' environment and configuration come from. A ConfigMap or autoscaler that may not be read
# is only a warning. The audit lies in ConfigMaps of its own; it lists by its own labels only. None is ever deleted.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create, update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, patch]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, update]
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# Lines about keys are counted for a time after a rotation. A log that may not be read is said to be so in status.soak.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}
