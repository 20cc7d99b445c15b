package supervisor

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// shutdownGrace is how long a process that is asked to end may take.
	shutdownGrace = 2 * time.Second
	// detachGrace is how long the goodbye to a process may take that was not started here.
	detachGrace = 200 * time.Millisecond
	// killPatience bounds the wait for a process that was killed: one that hangs in
	// the kernel must not hold the host.
	killPatience = 5 * time.Second
	// A plugin's memory is measured often while it works, and seldom while it waits.
	busyWatch = 200 * time.Millisecond
	idleWatch = 5 * time.Second
)

// process is one generation of a plugin's process. A dead one never restarts:
// go-plugin's client then answers with the old address and no error.
type process struct {
	client  *goplugin.Client
	runner  *processRunner
	plugin  pluginv1.PluginClient
	host    *hostService
	lines   *logLimit
	stderr  *tail
	stop    context.CancelCauseFunc // ends the process even while the client hangs
	begun   time.Time
	folder  string // of its sockets
	awaits  bool   // it can tell when a call's function has returned: CapabilityAwaitEnd
	end     func() // kill, once
	wake    chan struct{}
	active  atomic.Int64  // calls in progress, and the launch
	calls   atomic.Int64  // how many it was given
	tooMuch atomic.Uint64 // bytes of memory for which it was killed; 0: it was not

	// Guarded by the slot's lock.
	inUse   int
	idle    *time.Timer
	retired bool // takes no more calls, and ends with its last
	counted bool // its end is no failure: it was wanted, or has been counted
}

// exited is closed when the process and what it forked are gone.
func (p *process) exited() <-chan struct{} { return p.runner.exited }

// gone reports whether the process has ended, waiting up to patience for its end: a
// broken call is known some milliseconds before its cause.
func (p *process) gone(patience time.Duration) bool {
	select {
	case <-p.exited():
		return true
	default:
	}
	if patience == 0 {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited():
		return true
	case <-timer.C:
		return false
	}
}

// kill ends the process, in order if it does so within a grace, and returns when
// nothing of it is left. It may be called several times.
func (p *process) kill() { p.end() }

func (p *process) endOnce() func() {
	return sync.OnceFunc(func() {
		if p.runner != nil {
			// Who leaves its session and drops its environment is known only as a
			// descendant of the living.
			p.runner.resident()
			// go-plugin asks politely first, and waits for the answer without a bound.
			grace := shutdownGrace
			if p.runner.spec.Reattach != "" {
				grace = detachGrace // its process goes on, and there is no end to wait for
			}
			timer := time.AfterFunc(grace, func() { p.stop(nil) })
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				p.client.Kill()
			}()
			select {
			case <-asked:
			case <-time.After(shutdownGrace + killPatience):
			}
			timer.Stop()
			p.stop(nil)
			p.gone(killPatience)
		}
		p.stop(nil)
		if p.folder != "" {
			_ = os.RemoveAll(p.folder) // go-plugin leaves it where the launch failed
		}
	})
}

// watchMemory kills the process when it has more memory than it may.
func (p *process) watchMemory(limit uint64) {
	if limit == 0 || !watchesMemory {
		return
	}
	timer := time.NewTimer(busyWatch)
	defer timer.Stop()
	for slow := false; ; {
		select {
		case <-p.exited():
			return
		case <-p.wake:
			// A call begins. It must not put the next look off, however many there are.
			if slow {
				slow = false
				timer.Reset(busyWatch)
			}
			continue
		case <-timer.C:
		}
		if resident := p.runner.resident(); resident > limit {
			p.tooMuch.Store(resident)
			_ = p.runner.killNow() // gone meanwhile
			return
		}
		if slow = p.active.Load() == 0; slow {
			timer.Reset(idleWatch)
		} else {
			timer.Reset(busyWatch)
		}
	}
}

// used wakes the watch: a call begins.
func (p *process) used() {
	p.active.Add(1)
	p.calls.Add(1)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}
