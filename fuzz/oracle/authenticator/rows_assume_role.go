package main

import (
	"maps"
	"regexp"
	"strconv"
	"strings"

	"oracle/differential"
)

// step is a role of a run, in the order in which they are assumed.
type step struct {
	// parameters are those of the request that both programs have to send.
	parameters map[string]string
	// isOfCommand is true for a role of the command line.
	isOfCommand bool
	// keepsName makes the session name that of the credentials.
	keepsName bool
	serial    string
}

// rolePlan is what a run has to do.
type rolePlan struct {
	key   string
	steps []step
	// missing is the profile of AWS_PROFILE or one of its sources that does not exist, beside keys of the environment.
	missing string
	// isRepeated is true if upstream's own command assumes the last role.
	isRepeated bool
}

var section = regexp.MustCompile(`^\[(?:profile )?(.*)\]$`)

// profilesOf reads the settings of each profile.
func profilesOf(text string) map[string]map[string]string {
	profiles := map[string]map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if match := section.FindStringSubmatch(line); match != nil {
			name = match[1]
			profiles[name] = map[string]string{}
		} else if key, value, is := strings.Cut(line, " = "); is && name != "" {
			profiles[name][key] = value
		}
	}
	return profiles
}

// followProfile returns the key that a profile begins with, and its roles. If a profile does not exist, the result is its name
// and false.
func followProfile(profiles map[string]map[string]string, name, environment string) (string, []step, bool) {
	profile, has := profiles[name]
	switch {
	case !has:
		return name, nil, false
	case profile["role_arn"] == "":
		return profile["aws_access_key_id"], nil, true
	}
	// A profile cannot be its own source.
	profiles = maps.Clone(profiles)
	delete(profiles, name)
	key, steps, is := environment, []step(nil), true
	if profile["credential_source"] == "" {
		key, steps, is = followProfile(profiles, profile["source_profile"], environment)
	}
	one := step{parameters: map[string]string{"RoleArn": profile["role_arn"]}, serial: profile["mfa_serial"]}
	for option, parameter := range map[string]string{
		"external_id": "ExternalId", "duration_seconds": "DurationSeconds", "role_session_name": "RoleSessionName", "mfa_serial": "SerialNumber",
	} {
		if profile[option] != "" {
			one.parameters[parameter] = profile[option]
		}
	}
	return key, append(steps, one), is
}

// planOf returns what the run of a question has to do.
func planOf(q *signerQuestion) rolePlan {
	run := q.Runs[0]
	profiles := profilesOf(q.Config)
	maps.Copy(profiles, profilesOf(q.Credentials))
	environment, name := run.Variables["AWS_ACCESS_KEY_ID"], run.Variables["AWS_PROFILE"]
	var plan rolePlan
	switch {
	case environment == "" && name == "":
		plan.key, plan.steps, _ = followProfile(profiles, "default", "")
	case environment == "":
		plan.key, plan.steps, _ = followProfile(profiles, name, "")
	default:
		plan.key = environment
		if missing, _, is := followProfile(profiles, name, environment); name != "" && !is {
			plan.missing = missing
		}
	}
	flags := parseRoleFlags(run.Arguments)
	for n, arn := range flags.roles {
		parameters := map[string]string{"RoleArn": arn}
		if flags.sessionName != "" {
			parameters["RoleSessionName"] = flags.sessionName
		}
		if n == 0 && flags.sourceIdentity != "" {
			parameters["SourceIdentity"] = flags.sourceIdentity
		}
		if n == len(flags.roles)-1 {
			flags.addTo(parameters)
		}
		plan.steps = append(plan.steps, step{parameters: parameters, isOfCommand: true, keepsName: flags.isForwarded})
	}
	plan.isRepeated = len(flags.roles) == 1 && flags.isOfUpstream()
	return plan
}

// addTo adds the parameters of the last role.
func (f *roleFlags) addTo(parameters map[string]string) {
	if f.externalID != "" {
		parameters["ExternalId"] = f.externalID
	}
	if f.seconds != 0 {
		parameters["DurationSeconds"] = strconv.Itoa(f.seconds)
	}
	for n, tag := range f.tags {
		name := "Tags.member." + strconv.Itoa(n+1)
		key, value, _ := strings.Cut(tag, "=")
		parameters[name+".Key"], parameters[name+".Value"] = key, value
	}
}

// habits are what the rows say of a program.
type habits struct {
	// code returns the code that is sent to STS, or "" if the run is refused.
	code func(run signerRun) string
	// profileName and commandName are the default names of sessions.
	profileName, commandName string
	seconds                  string
	isRepeating              bool
}

// theTime stands for the time in a session name of upstream.
const theTime = "the time"

var upstreamHabits = habits{upstreamCode, theTime, theTime, "900", true}
var driverHabits = habits{driverCode, "signer", "EKSGetTokenAuth", "", false}

// upstreamCode returns the only word of what the user types.
func upstreamCode(run signerRun) string {
	if words := strings.Fields(run.Typed); len(words) == 1 {
		return words[0]
	}
	return ""
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// driverCode returns a line of digits that the user types on the terminal.
func driverCode(run signerRun) string {
	code := strings.TrimSpace(run.Typed)
	if run.NoTerminal || len(run.Typed) >= 64 || !digits.MatchString(code) {
		return ""
	}
	return code
}

// foresee returns what a program does for a plan. If it lacks a code, the error has the serial number of the device.
func (h habits) foresee(plan rolePlan, run signerRun) signed {
	answer := signed{Key: plan.key}
	for n, step := range plan.steps {
		parameters := maps.Clone(step.parameters)
		setDefault := func(name, value string) {
			if parameters[name] == "" && value != "" {
				parameters[name] = value
			}
		}
		if step.keepsName {
			answer.Requests = append(answer.Requests, stsRequest{Action: "GetCallerIdentity", Key: answer.Key})
			if delete(parameters, "RoleSessionName"); strings.HasPrefix(answer.Key, "ASIA") {
				parameters["RoleSessionName"] = "alice@example.com"
			}
		}
		setDefault("RoleSessionName", differential.Choose(step.isOfCommand, h.commandName, h.profileName))
		setDefault("DurationSeconds", h.seconds)
		if step.serial != "" {
			code := h.code(run)
			if code == "" {
				return signed{Requests: answer.Requests, Error: &refusal{step.serial}}
			}
			parameters["TokenCode"] = code
		}
		maps.DeleteFunc(parameters, func(_, value string) bool { return value == "" })
		request := stsRequest{Action: "AssumeRole", Key: answer.Key, Parameters: parameters}
		answer.Requests = append(answer.Requests, request)
		if h.isRepeating && plan.isRepeated && n == len(plan.steps)-1 {
			answer.Requests = append(answer.Requests, request)
		}
		arn := parameters["RoleArn"]
		answer.Key = "ASIA" + strings.ToUpper(arn[strings.LastIndex(arn, "/")+1:])
	}
	return answer
}

// timed is the default name of a session in the SDK.
var timed = regexp.MustCompile(`^(aws-go-sdk-)?[0-9]{15,}$`)

// withoutTime replaces the times in the names of sessions.
func (s signed) withoutTime() signed {
	requests := s.Requests
	s.Requests = nil
	for _, request := range requests {
		if timed.MatchString(request.Parameters["RoleSessionName"]) {
			request.Parameters = maps.Clone(request.Parameters)
			request.Parameters["RoleSessionName"] = theTime
		}
		s.Requests = append(s.Requests, request)
	}
	return s
}

// rowsOfAssumeRole returns the row about a profile that is not used, about a code, or about the last of the defaults that
// shows: both programs must do what the rows say.
func rowsOfAssumeRole(p *differential.Pair) []string {
	q := parse[signerQuestion](p.Case.Question())
	if len(q.Runs) != 1 {
		return nil
	}
	run, plan := q.Runs[0], planOf(q)
	theirs, ours := onlyRun(p.Theirs).withoutTime(), onlyRun(p.Ours)
	upstream, driver := upstreamHabits.foresee(plan, run), driverHabits.foresee(plan, run)
	isForeseen := driver.Error == nil && ours.Error == nil && isSameRun(driver, ours)
	switch {
	case plan.missing != "":
		if isForeseen && theirs.Error != nil && len(theirs.Requests) == 0 &&
			strings.HasSuffix(messageOf(p.Theirs), "failed to get shared config profile, "+plan.missing) {
			return []string{"broken-profile-beside-keys"}
		}
		return nil
	case upstream.Error != nil || theirs.Error != nil || !isSameRun(upstream, theirs):
		return nil
	case driver.Error != nil:
		isRefused := ours.Error != nil && sameJSON(driver.Requests, ours.Requests) &&
			strings.Contains(messageOf(p.Ours), " needs a code of the MFA device "+driver.Error.Code)
		if !isRefused {
			return nil
		}
		return []string{differential.Choose(run.NoTerminal, "mfa-without-a-terminal", "mfa-code")}
	case !isForeseen:
		return nil
	case plan.isRepeated:
		return []string{"role-assumed-twice"}
	}
	isUnnamed := false
	for _, step := range plan.steps {
		if step.parameters["DurationSeconds"] == "" {
			return []string{"role-duration"}
		}
		isUnnamed = isUnnamed || step.parameters["RoleSessionName"] == ""
	}
	if isUnnamed {
		return []string{"role-session-name"}
	}
	return nil
}

// messageOf returns the message of the refusal of the first run.
func messageOf(a differential.Answer) string {
	runs := parse[struct {
		Runs []struct{ Error struct{ Message string } }
	}](differential.Raw(a)).Runs
	if len(runs) == 0 {
		return ""
	}
	return runs[0].Error.Message
}
