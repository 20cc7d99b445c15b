package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultGrammar says how ParseFault's rules are written, for a help text.
const FaultGrammar = `METHOD PATH KIND[=VALUE] [xTIMES]

METHOD is GET, POST … or * for any; PATH is as it is sent, and its stars stand for anything, as in
/api/v2/clients*. A rule holds for all such requests, with xTIMES for so many. The first rule that
matches, and is not used up, applies alone. KIND is one of:

  status=CODE          answer with this status; the request is not processed
  body=TEXT            answer 200 with this body; the request is not processed
  redirect=URL         answer 302 to this address; the request is not processed
  rate-limited=TIME    answer 429, with a rate limit that resets after TIME
  reset-before         cut the connection before the request is processed
  reset-after          process the request, and cut the connection before the answer
  reset-in-header      the same in the middle of the answer's header
  reset-in-body        the same in the middle of the answer's body
  latency=TIME         wait before the request is processed
  slow-header=TIME     process the request; the answer's header takes so long
  slow-body=TIME       process the request; the answer's body takes so long
  malformed            process the request, and leave out half of the answer
  length=BYTES         process the request; Content-Length says so many bytes more, or with - less
  huge=BYTES           process the request; the answer is a text of so many bytes
  gzip-bomb=BYTES      the same, compressed
  skew=TIME            the tenant's clock is so far ahead, or with - behind

TIME is like 200ms, 5s or 2m.`

var faultTimes = regexp.MustCompile(`\s+x([0-9]+)$`)

// ParseFault reads a rule as a user writes it; FaultGrammar says how. A rule
// that names no number meets all requests. The error says what is wrong with it.
func ParseFault(text string) (FaultRule, error) {
	rest := strings.TrimSpace(text)
	times := -1
	if m := faultTimes.FindStringSubmatchIndex(rest); m != nil {
		n, err := strconv.Atoi(rest[m[2]:m[3]])
		if err != nil || n < 1 {
			return FaultRule{}, fmt.Errorf("fault %q: %s: want a number of times such as x3", text, rest[m[2]-1:m[3]])
		}
		times, rest = n, rest[:m[0]]
	}
	method, rest, _ := strings.Cut(rest, " ")
	path, kind, _ := strings.Cut(strings.TrimSpace(rest), " ")
	name, value, _ := strings.Cut(strings.TrimSpace(kind), "=")
	if name == "" {
		return FaultRule{}, fmt.Errorf("fault %q: want METHOD PATH KIND[=VALUE] [xTIMES], such as 'GET /api/v2/clients* "+
			"status=503 x2'", text)
	}
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete}
	switch {
	case method == "*":
		method = ""
	case !slices.Contains(methods, method):
		return FaultRule{}, fmt.Errorf("fault %q: method %q: want %s or *", text, method, strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "*") {
		return FaultRule{}, fmt.Errorf("fault %q: path %q: want a path such as /api/v2/clients*, or *", text, path)
	}
	rule := FaultRule{Method: method, Path: path, Times: times}
	if err := rule.setKind(name, value); err != nil {
		return FaultRule{}, fmt.Errorf("fault %q: %s: %w", text, name, err)
	}
	return rule, nil
}

// setKind makes the rule one of a kind.
func (rule *FaultRule) setKind(name, value string) (err error) {
	drops := map[string]Drop{"reset-before": DropBefore, "reset-after": DropAfter, "reset-in-header": DropInHeader,
		"reset-in-body": DropInBody}
	if drop, ok := drops[name]; ok {
		rule.Drop = drop
		return noValue(value)
	}
	switch name {
	case "malformed":
		rule.Malformed = true
		return noValue(value)
	case "status":
		rule.Status, err = strconv.Atoi(value)
		if err != nil || rule.Status < 200 || rule.Status > 599 {
			return fmt.Errorf("%q: want a status from 200 to 599", value)
		}
	case "body":
		rule.Status, rule.Body = http.StatusOK, value
		if value == "" {
			return errors.New("want a text; status=204 answers without one")
		}
	case "redirect":
		target, err := url.Parse(value)
		if err != nil || target.Host == "" {
			return fmt.Errorf("%q: want an address such as https://elsewhere.example/", value)
		}
		rule.Status, rule.Header = http.StatusFound, http.Header{"Location": {value}}
	case "rate-limited":
		rule.Status = http.StatusTooManyRequests
		rule.Reset, err = positiveDuration(value)
	case "latency":
		rule.Latency, err = positiveDuration(value)
	case "slow-header":
		rule.SlowHeader, err = positiveDuration(value)
	case "slow-body":
		rule.SlowBody, err = positiveDuration(value)
	case "skew":
		rule.Skew, err = time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q: want a time such as 1h or -1h", value)
		}
	case "length":
		rule.ExtraLength, err = strconv.Atoi(value)
		if err != nil || rule.ExtraLength == 0 {
			return fmt.Errorf("%q: want a number of bytes such as 10 or -10", value)
		}
	case "huge", "gzip-bomb":
		rule.Huge, err = strconv.ParseInt(value, 10, 64)
		if err != nil || rule.Huge < 2 {
			return fmt.Errorf("%q: want a number of bytes such as 20000000", value)
		}
		rule.Gzip = name == "gzip-bomb"
	default:
		return errors.New("there is no such kind: `auth0-mcp sandbox --help` lists them")
	}
	return err
}

func noValue(value string) error {
	if value != "" {
		return fmt.Errorf("it takes no value, and %q was given", value)
	}
	return nil
}

func positiveDuration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: want a time such as 200ms, 5s or 2m", value)
	}
	return d, nil
}

// ParseRate reads a rate limit as a user writes it, such as 10/s, 10/5s or
// 120/1m: Options.RateLimit and Options.RateWindow.
func ParseRate(text string) (limit int, window time.Duration, err error) {
	count, per, found := strings.Cut(strings.TrimSpace(text), "/")
	if per != "" && (per[0] < '0' || per[0] > '9') {
		per = "1" + per
	}
	limit, err = strconv.Atoi(count)
	if err == nil {
		window, err = time.ParseDuration(per)
	}
	if !found || err != nil || limit < 1 || window <= 0 {
		return 0, 0, fmt.Errorf("rate limit %q: want a number of requests and how long the used up limit takes to fill "+
			"again, such as 10/s, 10/5s or 120/1m", text)
	}
	return limit, window, nil
}
