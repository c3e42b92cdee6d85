//go:build tools

// Package promtool pins Prometheus' promtool for the tests of the alerts.
package promtool

import _ "github.com/prometheus/prometheus/cmd/promtool"
