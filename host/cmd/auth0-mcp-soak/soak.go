package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// hostArguments start each host. No user is there to approve a change, the tenant has no
// other applications, and the audit log has each call's marker.
func hostArguments() []string {
	return []string{"run", "--log-level", "error", "--approve", "none", "--rate-share", "100", "--audit-arguments",
		"redacted"}
}

// soak is one run.
type soak struct {
	options
	ctx     context.Context // ends with the time, or with a broken promise
	stop    context.CancelFunc
	dir     string // with all that the hosts may write
	temp    string // their temporary folder
	env     []string
	tenant  *tenant
	tally   *tally
	numbers atomic.Int64

	mu     sync.Mutex
	living map[*server]bool
	faults []string // promises that were broken
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &soak{options: o, dir: dir, temp: filepath.Join(dir, "t"), tally: newTally(), living: map[*server]bool{}}
	if err := os.Mkdir(s.temp, 0o700); err != nil {
		return err
	}
	if s.tenant, err = openTenant(dir); err != nil {
		return err
	}
	defer s.tenant.server.Close()
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + s.temp, "XDG_RUNTIME_DIR=" + s.temp, "LANG=C.UTF-8",
		"AUTH0_DOMAIN=" + s.tenant.server.Addr, "AUTH0_TOKEN=" + s.tenant.token, "AUTH0_MCP_CA_FILE=" + s.tenant.caFile,
	}
	s.ctx, s.stop = context.WithCancel(ctx)
	defer s.stop()
	begun := time.Now()
	err = errors.Join(s.strain(), s.verdict())
	s.tally.print(os.Stdout, time.Since(begun), s.tenant.requests(), o.verbose)
	return err
}

// strain runs everything until the time is over, and then looks at what is left.
func (s *soak) strain() error {
	start, routines, err := s.atStart()
	if err != nil {
		return err
	}
	fmt.Printf("a fresh host: %v, %d goroutines\n", start, routines)
	timer := time.AfterFunc(s.duration, s.stop)
	defer timer.Stop()
	var all sync.WaitGroup
	oldest := make(chan *server, 1)
	for n := range s.hosts {
		all.Go(func() { s.host(n, oldest) })
	}
	all.Go(s.misfortune)
	all.Go(s.bookkeeping)
	all.Wait()
	s.tenant.ClearFaults()
	for {
		select {
		case last := <-oldest:
			s.settled(last, start, routines)
		default:
			s.leftovers()
			for _, what := range s.tenant.review(true) {
				s.broken("%s", what)
			}
			s.records()
			return nil
		}
	}
}

// broken notes a broken promise and ends the run.
func (s *soak) broken(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) < 20 {
		s.faults = append(s.faults, fmt.Sprintf(format, args...))
	}
	s.stop()
}

func (s *soak) verdict() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, fault := range s.faults {
		errs = append(errs, errors.New("  "+fault))
	}
	return errors.Join(errs...)
}

// launch starts a host, speaks the handshake of a version with it, and calls each
// plugin once.
func (s *soak) launch(name, version string) (*server, error) {
	host, err := launch(name, s.binary, s.env, s.tenant.secrets, s.broken)
	if err != nil {
		return nil, err
	}
	if version != stateless {
		q, err := host.ask(`"hello"`, "initialize",
			fmt.Sprintf(`{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"soak","version":"1"}}`, version), 1)
		if err == nil {
			_, err = host.wait(q)
		}
		if err == nil {
			err = host.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		}
		if err != nil {
			return nil, fmt.Errorf("%s did not start: %w: %s", name, err, host.stderr)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.living[host] = true
	return host, nil
}

// eachPlugin calls every plugin once, so that all of them run.
func (s *soak) eachPlugin(host *server, version string) error {
	for _, tool := range listings {
		id := fmt.Sprintf(`"each-%d"`, s.numbers.Add(1))
		q, err := host.ask(id, "tools/call", call{tool: tool}.params(id, version), 1)
		if err != nil {
			return err
		}
		r, err := host.wait(q)
		if err != nil {
			return err
		}
		got, err := answerOf(r)
		if err == nil && got.outcome != done {
			err = errors.New(got.text)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", host.name, tool, err)
		}
	}
	return nil
}

// atStart measures a fresh host.
func (s *soak) atStart() (figures, int, error) {
	host, err := s.launch("the first host", versions[3])
	if err != nil {
		return figures{}, 0, err
	}
	for range 5 {
		if err := s.eachPlugin(host, versions[3]); err != nil {
			return figures{}, 0, err
		}
	}
	pause(s.ctx, 3*time.Second) // after which a host counts as idle
	return measure(host.pid()), s.dump(host), nil
}

// dump ends a host by SIGQUIT and counts the goroutines that it had.
func (s *soak) dump(host *server) int {
	host.stopSending()
	host.kill()
	_ = host.cmd.Process.Signal(syscall.SIGQUIT) // one that has ended shows as a count of 0
	s.gone(host)
	return goroutines(host.stderr.String())
}

// gone waits until a host and its plugins have ended.
func (s *soak) gone(host *server) {
	select {
	case <-host.exited:
	case <-time.After(patience):
		s.broken("%s does not end: %v", host.name, measure(host.pid()))
		_ = host.cmd.Process.Kill()
		<-host.exited
	}
	_ = host.in.Close()
	<-host.ended
	_ = host.out.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.living, host)
}

// host is one place: a host that is started again whenever it has ended. The first
// place keeps its host for the whole run, and hands it on for a look at the end.
func (s *soak) host(n int, oldest chan<- *server) {
	r := rand.New(rand.NewPCG(s.seed, uint64(n))) //nolint:gosec // a seed is for repeating
	var callers []*caller
	for i := range s.callers {
		made, err := s.tenant.createTargets(fmt.Sprintf("soak-target-%d-%d", n, i))
		if err != nil {
			s.broken("the tenant itself: %v", err)
			return
		}
		random := rand.New(rand.NewPCG(s.seed, uint64(1000+100*n+i))) //nolint:gosec // a seed is for repeating
		callers = append(callers, &caller{soak: s, targets: made, rand: random})
	}
	for life := 1; s.ctx.Err() == nil; life++ {
		version := versions[r.IntN(len(versions))]
		if n == 0 {
			version = versions[3]
		}
		host, err := s.launch(fmt.Sprintf("host %d.%d (%s)", n+1, life, version), version)
		if err != nil {
			s.broken("%v", err)
			return
		}
		s.tally.add("hosts started")
		var talking sync.WaitGroup
		for _, c := range callers {
			talking.Go(func() { c.converse(host, version) })
		}
		if n == 0 {
			<-s.ctx.Done()
			talking.Wait()
			oldest <- host
			return
		}
		pause(s.ctx, time.Duration(1000+r.IntN(15000))*time.Millisecond)
		s.end(host, endings[r.IntN(len(endings))])
		talking.Wait()
	}
}

// settled holds a host that lived through the run against a fresh one.
func (s *soak) settled(host *server, start figures, routines int) {
	err := errors.New("not called")
	wrong := eventually(patience, func() string {
		// A plugin that was killed often starts again after its pause only.
		if err = s.eachPlugin(host, versions[3]); err != nil {
			return err.Error()
		}
		return ""
	})
	if wrong != "" {
		s.broken("after the strain not all plugins answer: %s", wrong)
		return
	}
	var last figures
	wrong = eventually(patience/2, func() string {
		last = measure(host.pid())
		return last.over(start)
	})
	fmt.Printf("%s, at the end: %v", host.name, last)
	if wrong != "" {
		s.broken("%s has not given back what it used: %s", host.name, wrong)
	}
	left := s.dump(host)
	fmt.Printf(", %d goroutines\n", left)
	if left == 0 || left > routines+moreGoroutines {
		s.broken("%s has %d goroutines, a fresh one %d", host.name, left, routines)
	}
}

// leftovers looks for what outlives the hosts.
func (s *soak) leftovers() {
	wrong := eventually(patience/4, func() string {
		if left := below(s.dir); len(left) > 0 {
			return fmt.Sprintf("processes %v", left)
		}
		return ""
	})
	if wrong != "" {
		s.broken("left behind after all hosts have ended: %s", wrong)
	}
	// The run folder of a host that was killed goes when another host starts a plugin,
	// once it is a minute old.
	entries, err := os.ReadDir(s.temp)
	for _, entry := range entries {
		old := time.Now().Add(-time.Hour)
		err = errors.Join(err, os.Chtimes(filepath.Join(s.temp, entry.Name()), old, old))
	}
	var host *server
	if err == nil {
		host, err = s.launch("the last host", versions[0])
	}
	if err == nil {
		err = s.eachPlugin(host, versions[0])
	}
	if err != nil {
		s.broken("starting a last host: %v", err)
		return
	}
	s.end(host, byInput)
	entries, err = os.ReadDir(s.temp)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	if err != nil || len(names) > 0 {
		s.broken("left in the temporary folder: %v %v", names, err)
	}
}

// oneOf is a living host.
func (s *soak) oneOf(r *rand.Rand) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*server
	for host := range s.living {
		all = append(all, host)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *server) int { return a.pid() - b.pid() })
	return all[r.IntN(len(all))]
}

// misfortune injects faults and kills plugins.
func (s *soak) misfortune() {
	r := rand.New(rand.NewPCG(s.seed, 1<<32)) //nolint:gosec // a seed is for repeating
	for s.ctx.Err() == nil {
		pause(s.ctx, time.Duration(50+r.IntN(400))*time.Millisecond)
		switch r.IntN(8) {
		case 0:
			host := s.oneOf(r)
			if host == nil {
				continue
			}
			if plugins := children(host.pid()); len(plugins) > 0 {
				if p, err := os.FindProcess(plugins[r.IntN(len(plugins))]); err == nil && p.Kill() == nil {
					s.tally.add("plugins killed")
				}
			}
		case 1:
			s.tenant.ClearFaults()
		default:
			s.tally.add("fault: " + s.tenant.fault(r))
		}
	}
}

// bookkeeping checks what was answered a while ago, and keeps the tenant small.
func (s *soak) bookkeeping() {
	for s.ctx.Err() == nil {
		pause(s.ctx, 10*time.Second)
		for _, what := range s.tenant.review(false) {
			s.broken("%s", what)
		}
		if err := s.tenant.prune(); err != nil {
			s.broken("the tenant itself: %v", err)
		}
	}
}
