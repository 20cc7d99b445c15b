package sandbox

import "net/http"

// setting is an object that exists once, such as the tenant's branding, or once for what its path names.
type setting struct {
	path     string
	defaults string // JSON: what it is until it is changed
	// missing and code are the 404 of what does not exist until it is made; empty: it always exists.
	missing, code string
	conflict      string // the 409 of what exists and is made again
	hidden        []string
	completed     func(*Tenant, *call, object) error
}

// value is what the setting is; nil if it does not exist.
func (s *setting) value(t *Tenant, c *call) any {
	t.seedDirectory()
	if value, set := t.values[c.path(s.path)]; set {
		return value
	}
	if s.missing != "" {
		return nil
	}
	return parse(s.defaults)
}

// keep stores a value that is valid, and answers with it.
func (s *setting) keep(t *Tenant, c *call, value any) (result, error) {
	if o, isObject := value.(object); isObject {
		if s.completed != nil {
			if err := s.completed(t, c, o); err != nil {
				return result{}, err
			}
		}
		if c.operation.Answer != nil && c.operation.Method == http.MethodPost {
			t.complete(c.operation.Answer, o)
		}
	}
	t.values[c.path(s.path)] = value
	return c.answer(s.show(c, value))
}

func (s *setting) show(c *call, value any) any {
	o, isObject := value.(object)
	if !isObject {
		return value
	}
	if c.operation.Answer == nil {
		return object{}
	}
	out := project(c.operation.Answer, cloneObject(o))
	for _, name := range s.hidden {
		delete(out, name)
	}
	return queryParams{c.query}.projection().apply(out)
}

func (s *setting) get(t *Tenant, c *call) (result, error) {
	value := s.value(t, c)
	if value == nil {
		return result{}, notFound(s.missing, s.code)
	}
	if o, isObject := value.(object); isObject && c.operation.Answer == nil {
		return c.answer(o)
	}
	return c.answer(s.show(c, value))
}

func (s *setting) update(t *Tenant, c *call) (result, error) {
	value := s.value(t, c)
	if value == nil {
		return result{}, notFound(s.missing, s.code)
	}
	next, _ := clone(value).(object)
	merge(next, c.body, c.operation.Merges)
	return s.keep(t, c, next)
}

func (s *setting) replace(t *Tenant, c *call) (result, error) {
	if c.body == nil {
		return s.keep(t, c, clone(c.value))
	}
	return s.keep(t, c, cloneObject(c.body))
}

func (s *setting) create(t *Tenant, c *call) (result, error) {
	if s.missing != "" && s.value(t, c) != nil {
		return result{}, conflict(s.conflict, "")
	}
	made := parseObject(s.defaults)
	merge(made, c.body, nil)
	return s.keep(t, c, made)
}

func (s *setting) remove(t *Tenant, c *call) (result, error) {
	if s.value(t, c) == nil {
		return result{}, notFound(s.missing, s.code)
	}
	delete(t.values, c.path(s.path))
	return c.answer(object{})
}
