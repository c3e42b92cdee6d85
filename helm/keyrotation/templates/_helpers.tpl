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

{{/* What deploy/operator/access.yaml grants. */}}
{{- define "keyrotation.rules" -}}
- apiGroups: [keyrotation.dev]
  resources: [keyrotations]
  verbs: [get, list, watch, patch]
- apiGroups: [keyrotation.dev]
  resources: [keyrotations/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
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
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}
