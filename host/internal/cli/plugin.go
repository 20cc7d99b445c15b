package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// describeTimeout bounds a plugin's own description of itself.
const describeTimeout = 5 * time.Second

func pluginCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{Use: "plugin", Aliases: []string{"plugins"}, Short: "Manage plugins"}
	var yes bool
	install := &cobra.Command{
		Use:   "install PATH",
		Short: "Show what a plugin asks for, and trust it if you agree",
		Long: `Show what the plugin in a local folder asks for and, if you agree, copy it to your
plugin folder and lock its binary and manifest by their SHA-256. The folder holds
manifest.json and the executable that it names. Nothing of it is run before you agree.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return install(cmd.Context(), env, args[0], yes) },
	}
	install.Flags().BoolVarP(&yes, "yes", "y", false, "agree without being asked")
	cmd.AddCommand(install, pluginStatusCommand(env))
	return cmd
}

func install(ctx context.Context, env Environment, path string, yes bool) error {
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.IsDir() {
		path = filepath.Join(path, "manifest.json")
	}
	plugin, err := catalog.ReadPlugin(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; a plugin writes its manifest itself: PLUGIN describe > manifest.json", err)
	}
	if err != nil {
		return err
	}
	digest, err := catalog.DigestFile(plugin.Path)
	if err != nil {
		return err
	}
	show(env.Out, plugin, digest)
	if !yes {
		if err := confirm(ctx, env, "Trust this plugin and install it? [y/N] "); err != nil {
			return err
		}
	}
	target, err := place(ctx, plugin, digest)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "Installed %s %s in %s.\n", plugin.Name, plugin.Version, target)
	return nil
}

// show is what a person decides by.
func show(out io.Writer, p *catalog.Plugin, digest catalog.Digest) {
	fmt.Fprintf(out, "Plugin %s %s\n  binary  %s\n  %s\n", p.Name, p.Version, p.Path, digest)
	for _, t := range p.Tools {
		fmt.Fprintf(out, "\n  %s  [%s]\n    %s\n", t.Name, t.Effect, t.Description)
		if len(t.Scopes) > 0 {
			fmt.Fprintf(out, "    scopes: %s\n", strings.Join(t.Scopes, ", "))
		}
		if len(t.Paths) == 0 {
			fmt.Fprintf(out, "    paths:  anything below %s\n", pluginv1.BasePath)
		}
		for _, rule := range t.Paths {
			fmt.Fprintf(out, "    may send: %s\n", rule)
		}
		if len(t.Untrusted) == 0 {
			fmt.Fprintln(out, "    untrusted in its answers: every text")
		} else {
			fmt.Fprintf(out, "    untrusted in its answers: %s\n", strings.Join(t.Untrusted, ", "))
		}
	}
	fmt.Fprintln(out)
}

// confirm asks on the terminal. A read of it knows no context: when that ends first,
// by Ctrl-C, the read is left behind, to end with the process.
func confirm(ctx context.Context, env Environment, question string) error {
	fmt.Fprint(env.Out, question)
	type reply struct {
		line string
		err  error
	}
	replied := make(chan reply, 1)
	go func() {
		line, err := bufio.NewReader(env.In).ReadString('\n')
		replied <- reply{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.Out)
		return account.ErrCancelled
	case r := <-replied:
		if r.err != nil && r.line == "" {
			return fmt.Errorf("%w: there was no answer; pass --yes to agree without being asked", errNotConfirmed)
		}
		if answer := strings.ToLower(strings.TrimSpace(r.line)); answer != "y" && answer != "yes" {
			return errNotConfirmed
		}
		return nil
	}
}

// installPatience bounds the wait for another install, which copies a few megabytes.
const installPatience = 30 * time.Second

// lockInstall takes the lock that keeps two installs from crossing.
func lockInstall(ctx context.Context, path string) (unlock func(), err error) {
	bounded, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	mutex := flock.New(path)
	if _, err := mutex.TryLockContext(bounded, 20*time.Millisecond); err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, account.ErrCancelled
		case bounded.Err() != nil:
			return nil, fmt.Errorf("another «auth0-mcp plugin install» holds %s: wait for it, or end it, and try again", path)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = mutex.Unlock() }, nil
}

// place copies manifest and binary to the user's plugin folder and locks them.
// The copy is made beside its place and moved, so that a failure leaves what was
// installed before.
func place(ctx context.Context, p *catalog.Plugin, digest catalog.Digest) (string, error) {
	dir, err := userPluginDir()
	if err != nil {
		return "", err
	}
	path, err := lockPath()
	if err != nil {
		return "", err
	}
	for _, folder := range []string{dir, filepath.Dir(path)} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
	}
	// Reading, changing and writing the lock file must not cross another install.
	unlock, err := lockInstall(ctx, path+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()

	staged, err := os.MkdirTemp(dir, ".install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staged)
	if err := stage(ctx, staged, p, digest); err != nil {
		return "", err
	}
	lock, err := catalog.ReadLock(path)
	if err != nil {
		return "", err
	}
	target := filepath.Join(dir, p.Name)
	if err := swap(staged, target); err != nil {
		return "", err
	}
	lock.Plugins[p.Name] = catalog.LockEntry{Version: p.Version, Binary: digest, Manifest: p.ManifestDigest}
	return target, lock.Write(path)
}

// stage copies a plugin to a folder of ours and makes sure that the copies are what
// the person agreed to, before the binary is run for the first time: the copy runs,
// not what may stand in its place by now.
func stage(ctx context.Context, folder string, p *catalog.Plugin, digest catalog.Digest) error {
	binary := filepath.Join(folder, filepath.FromSlash(p.Executable))
	for _, file := range []struct {
		from, to string
		mode     os.FileMode
		shown    catalog.Digest
	}{
		{p.Path, binary, 0o700, digest},
		{p.ManifestPath, filepath.Join(folder, "manifest.json"), 0o600, p.ManifestDigest},
	} {
		if err := copyFile(file.from, file.to, file.mode); err != nil {
			return err
		}
		if copied, err := catalog.DigestFile(file.to); err != nil || copied != file.shown {
			return fmt.Errorf("%s changed while it was installed: try again (%w)", file.from, errors.Join(err, errNotConfirmed))
		}
	}
	described, err := describe(ctx, binary, p.Args)
	if err != nil {
		return err
	}
	if !described.SameDeclaration(p.Manifest) {
		return fmt.Errorf("%s does not describe itself as its manifest does: write the manifest again with «%s describe», and look at the difference", p.Path, p.Path)
	}
	return nil
}

// swap moves a folder to its place, keeping what was there until it is.
func swap(staged, target string) error {
	old := staged + ".old"
	if err := os.Rename(target, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(staged, target); err != nil {
		return errors.Join(err, ignoreMissing(os.Rename(old, target)))
	}
	return os.RemoveAll(old)
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// describe runs a plugin's describe, with nothing of our environment.
func describe(ctx context.Context, path string, args []string) (pluginv1.Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(args[:len(args):len(args)], "describe")...) //nolint:gosec // the person asked for this plugin
	cmd.Env = []string{"LANG=C.UTF-8"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return pluginv1.Manifest{}, fmt.Errorf("%s describe: %w %s", path, err, strings.TrimSpace(stderr.String()))
	}
	m, err := pluginv1.ParseManifest(stdout.Bytes())
	if err != nil {
		return m, fmt.Errorf("%s describe: %w", path, err)
	}
	return m, nil
}

// describeDevPlugin finds the binary in a developer's folder and asks it.
func describeDevPlugin(ctx context.Context, dir string) (catalog.DevPlugin, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return catalog.DevPlugin{}, err
	}
	found, err := filepath.Glob(filepath.Join(dir, "auth0-mcp-plugin-*"))
	if err != nil {
		return catalog.DevPlugin{}, err
	}
	if len(found) != 1 {
		return catalog.DevPlugin{}, fmt.Errorf("--dev-plugin %s: want one executable called auth0-mcp-plugin-NAME there, found %d: build it with go build -o %s", dir, len(found), filepath.Join(dir, "auth0-mcp-plugin-NAME"))
	}
	m, err := describe(ctx, found[0], nil)
	if err != nil {
		return catalog.DevPlugin{}, fmt.Errorf("--dev-plugin: %w", err)
	}
	return catalog.DevPlugin{Dir: dir, Path: found[0], Manifest: m}, nil
}
