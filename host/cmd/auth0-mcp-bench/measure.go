package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"
)

const callers = 32

// oneOfEach calls each plugin once. Both servers have these tools.
var oneOfEach = []string{
	`{"name":"auth0_list_applications","arguments":{}}`,
	`{"name":"auth0_list_resource_servers","arguments":{}}`,
	`{"name":"auth0_list_actions","arguments":{}}`,
	`{"name":"auth0_list_forms","arguments":{}}`,
	`{"name":"auth0_list_logs","arguments":{}}`,
}

// get is the call that is measured most: one object.
func (t *tenant) get() string {
	return fmt.Sprintf(`{"name":"auth0_get_application","arguments":{"client_id":%q}}`, t.clientID)
}

// alternate lets each take a turn in each round, and another begin: whatever else the machine does meanwhile meets all.
func alternate(rounds int, turns ...func() error) error {
	for round := range rounds {
		for i := range turns {
			if err := turns[(round+i)%len(turns)](); err != nil {
				return err
			}
		}
	}
	return nil
}

// forEach makes a turn for each server.
func (b *bench) forEach(turn func(i int, s *server) error) []func() error {
	var turns []func() error
	for i := range b.servers {
		turns = append(turns, func() error { return turn(i, &b.servers[i]) })
	}
	return turns
}

// life is what one process showed from its start to its end.
type life struct {
	initialized, first, again         []float64
	handshake, waiting, inUse, unused []memory
}

// starting measures processes, one at a time.
func (b *bench) starting(ctx context.Context) error {
	lives := make([]life, len(b.servers))
	err := alternate(b.effort.starts, b.forEach(func(i int, s *server) error {
		begun := time.Now()
		return s.with(ctx, func(run *session) error { return b.live(run, begun, &lives[i]) })
	})...)
	if err != nil {
		return err
	}
	err = alternate(b.effort.idle, b.forEach(func(i int, s *server) error {
		return s.with(ctx, func(run *session) error { return b.idling(ctx, run, &lives[i]) })
	})...)
	if err != nil {
		return err
	}
	b.lifeTimes("start → initialize answered", "≤ 0.07", lives, func(l life) []float64 { return l.initialized })
	b.lifeTimes("first call of a cold plugin", "≤ 1.0", lives, func(l life) []float64 { return l.first })
	b.lifeTimes("first call after an idle time", "", lives, func(l life) []float64 { return l.again })
	b.memories("memory (PSS) after the handshake", "≤ 0.25", lives, func(l life) []memory { return l.handshake })
	b.memories("  later, idle", "", lives, func(l life) []memory { return l.waiting })
	b.memories("memory (PSS), all plugins in use", "≤ 0.45", lives, func(l life) []memory { return l.inUse })
	b.memories("  later, idle", "≤ 0.45", lives, func(l life) []memory { return l.unused })
	return nil
}

// lifeTimes adds the medians of one kind of time.
func (b *bench) lifeTimes(name, goal string, lives []life, of func(life) []float64) {
	var values [][]float64
	for _, l := range lives {
		values = append(values, of(l))
	}
	b.table.add(name, "%.1f ms", goal, medians(values))
}

// memories adds the medians of one kind of memory, and of that part which is in no file.
func (b *bench) memories(name, goal string, lives []life, of func(life) []memory) {
	var all, anonymous [][]float64
	for _, l := range lives {
		var readings, parts []float64
		for _, m := range of(l) {
			readings, parts = append(readings, m.all), append(parts, m.anonymous)
		}
		all, anonymous = append(all, readings), append(anonymous, parts)
	}
	b.table.add(name, "%.1f MB", goal, medians(all))
	b.table.add("    of which anonymous", "%.1f MB", "", medians(anonymous))
}

// handshake is how every client begins.
func (s *session) handshake() error {
	if err := s.initialize(); err != nil {
		return err
	}
	_, _, err := s.request("tools/list", `{}`)
	return err
}

// live is the start of a process and its first calls.
func (b *bench) live(s *session, begun time.Time, l *life) error {
	if err := s.initialize(); err != nil {
		return err
	}
	l.initialized = append(l.initialized, milliseconds(time.Since(begun)))
	if _, _, err := s.request("tools/list", `{}`); err != nil {
		return err
	}
	l.handshake = append(l.handshake, s.pss())
	first, err := s.call(b.tenant.get())
	if err != nil {
		return err
	}
	l.first = append(l.first, milliseconds(first))
	if err := b.useAll(s); err != nil {
		return err
	}
	l.inUse = append(l.inUse, s.pss())
	return nil
}

// idling is a process that waits after the handshake, and again after it was used.
func (b *bench) idling(ctx context.Context, s *session, l *life) error {
	if err := s.handshake(); err != nil {
		return err
	}
	l.waiting = append(l.waiting, s.idle(ctx))
	if err := b.useAll(s); err != nil {
		return err
	}
	l.unused = append(l.unused, s.idle(ctx))
	again, err := s.call(b.tenant.get())
	l.again = append(l.again, milliseconds(again))
	return err
}

// useAll makes calls of every plugin.
func (b *bench) useAll(s *session) error {
	for range b.effort.inUse {
		for _, params := range oneOfEach {
			if _, err := s.call(params); err != nil {
				return err
			}
		}
	}
	if n := len(children(s.cmd.Process.Pid)); n != s.plugins && runtime.GOOS == "linux" {
		return s.failed(fmt.Errorf("it has started %d processes for all plugins, want %d", n, s.plugins))
	}
	return nil
}

// warm measures sessions that go on: one of each server, side by side.
func (b *bench) warm(ctx context.Context) error {
	return b.sessions(ctx, nil, func(runs []*session) error {
		if err := b.gets(ctx, runs); err != nil {
			return err
		}
		for _, list := range []struct {
			name, params, member string
			items                int
		}{
			{fmt.Sprintf("auth0_list_applications of %d, p50", applications),
				fmt.Sprintf(`{"name":"auth0_list_applications","arguments":{"per_page":%d}}`, applications),
				"applications", applications},
			// Auth0 heeds take only together with from. The peer has no per_page.
			{fmt.Sprintf("auth0_list_logs of %d, p50", logs),
				fmt.Sprintf(`{"name":"auth0_list_logs","arguments":{"from":%q,"take":%d}}`, b.tenant.from, logs),
				"logs", logs},
		} {
			for _, run := range runs {
				if err := run.lists(list.params, list.member, list.items); err != nil {
					return err
				}
			}
			times, _, err := b.calls(runs, list.params)
			if err != nil {
				return err
			}
			b.table.add(list.name, "%.2f ms", "≤ 1.0", medians(times))
		}
		return b.bursts(runs)
	})
}

// sessions runs one process of each server that begun does not have yet.
func (b *bench) sessions(ctx context.Context, begun []*session, use func([]*session) error) error {
	if len(begun) == len(b.servers) {
		return use(begun)
	}
	return b.servers[len(begun)].with(ctx, func(s *session) error {
		if err := s.handshake(); err != nil {
			return err
		}
		return b.sessions(ctx, append(begun, s), use)
	})
}

// lists checks that a list has what is asked for: a shorter one would be measured as a fast one.
func (s *session) lists(params, member string, want int) error {
	line, _, err := s.request("tools/call", params)
	if err != nil {
		return err
	}
	answer, err := s.decode(line)
	if err != nil {
		return err
	}
	content := answer.Result.Content
	n := len(content) // the peer makes a text of each event
	if n == 1 {
		var list map[string]json.RawMessage
		var items []json.RawMessage
		if err := json.Unmarshal([]byte(content[0].Text), &list); err != nil {
			return s.failed(fmt.Errorf("its list of %s: %w", member, err))
		}
		if err := json.Unmarshal(list[member], &items); err != nil {
			return s.failed(fmt.Errorf("its list of %s: %w", member, err))
		}
		n = len(items)
	}
	if n != want {
		return s.failed(fmt.Errorf("it lists %d %s, want %d", n, member, want))
	}
	return nil
}

// gets measures the call of one object, and the same request without a server in between.
func (b *bench) gets(ctx context.Context, runs []*session) error {
	times, cpu, err := b.calls(runs, b.tenant.get())
	if err != nil {
		return err
	}
	var direct []float64
	for range b.effort.rounds * b.effort.calls {
		taken, err := b.tenant.direct(ctx)
		if err != nil {
			return err
		}
		direct = append(direct, milliseconds(taken))
	}
	b.table.add("warm auth0_get_application, p50", "%.2f ms", "≤ 0.9", medians(times))
	b.table.add("  p99", "%.2f ms", "", percentiles(times, 99))
	b.table.add("  CPU of the process tree per call", "%.2f ms", "≤ 0.85", cpu)
	b.table.note("auth0_get_application's request sent directly: %.2f ms p50, %.2f ms p99", percentile(direct, 50),
		percentile(direct, 99))
	return nil
}

// calls returns the milliseconds of each call, and of processor time per call, by session.
func (b *bench) calls(runs []*session, params string) (times [][]float64, cpu []float64, err error) {
	times, cpu = make([][]float64, len(runs)), make([]float64, len(runs))
	var turns []func() error
	for i, run := range runs {
		for range b.effort.warmUps {
			if _, err := run.call(params); err != nil {
				return nil, nil, err
			}
		}
		turns = append(turns, func() error {
			before := run.cpu()
			for range b.effort.calls {
				taken, err := run.call(params)
				if err != nil {
					return err
				}
				times[i] = append(times[i], milliseconds(taken))
			}
			after := run.cpu()
			if before < 0 || after < 0 {
				cpu[i] = unknown
			}
			cpu[i] += milliseconds(after-before) / float64(b.effort.rounds*b.effort.calls)
			return nil
		})
	}
	return times, cpu, alternate(b.effort.rounds, turns...)
}

// bursts measures many callers at once.
func (b *bench) bursts(runs []*session) error {
	rates := make([][]float64, len(runs))
	var turns []func() error
	for i, run := range runs {
		turns = append(turns, func() error {
			taken, err := run.burst(b.tenant.get(), callers, b.effort.burst)
			rates[i] = append(rates[i], float64(b.effort.burst)/taken.Seconds())
			return err
		})
	}
	if err := alternate(b.effort.rounds, turns...); err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("%d callers", callers), "%.0f calls/s", "≥ 1.6", medians(rates))
	return nil
}
