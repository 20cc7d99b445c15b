package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

func TestPluginStatusOfRunningServers(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hosts := runningHosts([]supervisor.HostStatus{
		{PID: 41, Tenant: "mytenant.us.auth0.com", Since: now.Add(-time.Hour)},
		{PID: 42, Profile: "dev", Tenant: "dev.us.auth0.com", Since: now.Add(-time.Minute),
			Plugins: []supervisor.PluginStatus{
				{Name: "logs", Version: "0.1.0", PID: 77, Since: now.Add(-30 * time.Second), Calls: 5, Memory: 40 << 20,
					OpenUntil: now.Add(-time.Second)},
				{Name: "forms", Version: "0.2.0", Failures: []time.Time{now.Add(-2 * time.Minute), now.Add(-time.Second)},
					OpenUntil: now.Add(time.Minute), LastFailure: "it ended\nout of cheese"},
			}},
	}, now)
	var out bytes.Buffer
	if err := (pluginReport{Hosts: hosts}).print(&out, now); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Server 41, profile (environment), tenant mytenant.us.auth0.com, for 1h0m0s", "No plugin has been called",
		"Server 42, profile dev", "77", "30s", "40 MiB", "forms is not started before 12:01:00 UTC",
		"forms failed last: it ended\n    | out of cheese",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "logs is not started") {
		t.Errorf("a bound that has passed:\n%s", out.String())
	}
	data, err := json.Marshal(hosts[1].Plugins)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"pid":77`, `"uptime_seconds":30`, `"memory_bytes":41943040`,
		`"failures_last_minute":1`, `"open_until":"2026-03-01T12:01:00Z"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("JSON lacks %s: %s", want, data)
		}
	}
}

func TestPluginFlags(t *testing.T) {
	tests := map[string]struct {
		args  []string
		env   string
		limit uint64
		fails string
	}{
		"default":               {limit: 512 << 20},
		"none":                  {args: []string{"--plugin-memory-limit", "0"}},
		"a flag":                {args: []string{"--plugin-memory-limit", "1GiB"}, limit: 1 << 30},
		"the environment":       {env: "256 MiB", limit: 256 << 20},
		"a flag beats it":       {args: []string{"--plugin-memory-limit", "1GiB"}, env: "256MiB", limit: 1 << 30},
		"no unit":               {args: []string{"--plugin-memory-limit", "512"}, fails: "too little"},
		"no size":               {args: []string{"--plugin-memory-limit", "much"}, fails: "want a size such as 512MiB"},
		"negative":              {args: []string{"--plugin-memory-limit", "-1GiB"}, fails: "--plugin-memory-limit"},
		"nonsense, environment": {env: "much", fails: memoryVariable},
		"no time to start":      {args: []string{"--plugin-start-timeout", "0"}, fails: "--plugin-start-timeout 0s: want"},
		"no time for a call":    {args: []string{"--call-timeout", "10ms"}, fails: "--call-timeout 10ms: want"},
		"negative idle time":    {args: []string{"--plugin-idle-timeout", "-1s"}, fails: "--plugin-idle-timeout -1s: want"},
		"everything is bearable": {args: []string{"--plugin-start-timeout", "1m", "--call-timeout", "1h",
			"--plugin-idle-timeout", "0"}, limit: 512 << 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(memoryVariable, tt.env)
			var f pluginFlags
			cmd := &cobra.Command{}
			f.add(cmd)
			f.addStart(cmd)
			if err := cmd.ParseFlags(tt.args); err != nil {
				t.Fatal(err)
			}
			got, err := f.config(cmd)
			if tt.fails == "" && (err != nil || got.MemoryLimit != tt.limit) {
				t.Errorf("limit %d, %v", got.MemoryLimit, err)
			}
			if tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("error = %v, want one with %q", err, tt.fails)
			}
		})
	}
}
