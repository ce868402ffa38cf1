{{/* The kinds of awsdb.dev that this version serves, in plural. A new kind is added here and nowhere else in the chart. */}}
{{- define "awsdb.kinds" -}}
rdsinstances
auroraserverlesses
dynamotables
dbsnapshots
{{- end }}

{{- define "awsdb.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "awsdb.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "awsdb.name" .) }}
{{- end }}

{{/* What Deployment and Service select by: never changes during a release's life. */}}
{{- define "awsdb.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "awsdb.labels" -}}
{{ include "awsdb.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}
