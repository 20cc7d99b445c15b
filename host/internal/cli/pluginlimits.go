package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

const (
	// defaultPluginMemory is ten times what a plugin of Auth0's has after a day's work.
	defaultPluginMemory = "512MiB"
	// minPluginMemory is below what any Go program with gRPC needs: a number without a
	// unit is most likely meant as MiB.
	minPluginMemory = 32 << 20
	// memoryVariable stands for the flag, for clients' entries.
	memoryVariable = "AUTH0_MCP_PLUGIN_MEMORY_LIMIT"
)

// pluginFlags bound what plugins' processes may take.
type pluginFlags struct {
	idle, start, call time.Duration
	memory            string
}

func (f *pluginFlags) add(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.idle, "plugin-idle-timeout", 10*time.Minute,
		"how long to keep a plugin running that is not called; 0: for ever")
	cmd.Flags().DurationVar(&f.call, "call-timeout", supervisor.DefaultCallTimeout,
		"how long one call may take, from its beginning to its end")
	cmd.Flags().StringVar(&f.memory, "plugin-memory-limit", defaultPluginMemory,
		"how much memory a plugin may have, such as 1GiB; 0: no limit ("+memoryVariable+")")
}

// addStart adds the flag that also bounds how long a plugin under development may take
// to describe itself: for every command that has --dev-plugin.
func (f *pluginFlags) addStart(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.start, "plugin-start-timeout", supervisor.DefaultStartTimeout,
		"how long a plugin may take to start, or to describe itself")
}

// config is what the flags and the environment say; a typed flag beats the environment.
func (f pluginFlags) config(cmd *cobra.Command) (supervisor.Config, error) {
	for _, d := range []struct {
		name   string
		value  time.Duration
		lowest time.Duration
		want   string
	}{
		{"--plugin-idle-timeout", f.idle, 0, "a duration such as 10m, or 0 for never"},
		{"--plugin-start-timeout", f.start, 100 * time.Millisecond, "a duration such as 30s"},
		{"--call-timeout", f.call, time.Second, "a duration such as 10m, of 1s at least"},
	} {
		if d.value < d.lowest {
			return supervisor.Config{}, fmt.Errorf("%s %v: want %s", d.name, d.value, d.want)
		}
	}
	source, text := "--plugin-memory-limit", strings.TrimSpace(f.memory)
	typed := text != "" && cmd.Flags().Changed("plugin-memory-limit")
	if value := account.Variable(memoryVariable); value != "" && !typed {
		source, text = memoryVariable, value
	} else if text == "" {
		text = defaultPluginMemory
	}
	limit, err := humanize.ParseBytes(text)
	if err == nil && limit != 0 && limit < minPluginMemory {
		err = errors.New("too little for any plugin")
	}
	if err != nil {
		return supervisor.Config{}, fmt.Errorf("%s %q: want a size such as 512MiB, of 32MiB at least, or 0 for no "+
			"limit (%w)", source, text, err)
	}
	return supervisor.Config{IdleTimeout: f.idle, StartTimeout: f.start, CallTimeout: f.call, MemoryLimit: limit}, nil
}
