package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// tenants completes the domains of the profiles.
func (c completer) tenants(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	profiles := configured()
	var found []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		if domain := profiles[name].Domain; domain != "" {
			found = append(found, cobra.CompletionWithDesc(domain, name))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// fileRoots completes the name in NAME=DIR: the roots that tools declare.
func (c completer) fileRoots(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	roots := map[string]bool{}
	for _, t := range c.catalogued(cmd) {
		for _, root := range append(slices.Clone(t.Files), t.Reads...) {
			name, _, _ := strings.Cut(root, ":")
			roots[name] = true
		}
	}
	var found []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(roots)) {
		found = append(found, name+"=")
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeEntries completes the names of clients' entries, of one client if its name is typed already.
func completeEntries(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	installed, _ := installedEntries(".")
	var found []cobra.Completion
	for _, i := range installed {
		client := ""
		if len(args) > 0 {
			client, _, _ = strings.Cut(args[0], ":")
		}
		if client == "" || client == i.Client.Name {
			found = append(found, cobra.CompletionWithDesc(i.Name, i.Client.Title))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeKeys completes the names of the keys whose plugins are trusted.
func completeKeys(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	path, err := source.KeysPath()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	keys, _ := source.ReadKeys(path)
	var found []cobra.Completion
	for _, key := range keys {
		found = append(found, cobra.CompletionWithDesc(key.Name, key.Signer().Kind))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completePlatforms completes the last of several platforms: those that are locked.
func completePlatforms(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	platforms := map[string]bool{pluginstore.AllPlatforms: true, catalog.Platform(): true}
	if path, err := (pluginSetFlag{}).lockPath(); err == nil {
		lock, _ := catalog.ReadLock(path)
		for _, entry := range lock.Plugins {
			for platform := range entry.Platforms {
				platforms[platform] = true
			}
		}
	}
	return completeList(typed, slices.Sorted(maps.Keys(platforms)))
}

// completeMarkers completes the markers of the secrets that are kept, or the word for a setting of an application.
func completeMarkers(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return append(keptMarkers(""), cobra.CompletionWithDesc(ofApplication, "a setting of an application")),
		cobra.ShellCompDirectiveNoFileComp
}

func keptMarkers(before string) []cobra.Completion {
	kept, _ := secretVault().List()
	var found []cobra.Completion
	for _, s := range kept {
		found = append(found, cobra.CompletionWithDesc(before+s.ID, s.Member))
	}
	return found
}

// completeAssignments completes the SOURCE in KEY=SOURCE of secret write-env.
func completeAssignments(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	key, _, ok := strings.Cut(typed, "=")
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found := keptMarkers(key + "=")
	if application, _ := cmd.Flags().GetString("application"); application != "" {
		for _, setting := range []string{"client_id", "client_secret", "domain"} {
			found = append(found, key+"="+setting)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
