// Every call of every service goes wrong once, in every way that a program can notice.
//
// FAULTS=all tries every status of the specification; without it, one of each kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/firmware/scenarios.hpp"

namespace {

using test::Fault;
using test::Outcome;
using test::Service;
using uefi::Status;

uint64_t g_runs = 0;

/// Says at the end how much was tried.
class Sum final : public testing::Environment {
  void TearDown() override { std::printf("fault injection: %llu runs\n", (unsigned long long)g_runs); }
};
[[maybe_unused]] const auto* const kSum = testing::AddGlobalTestEnvironment(new Sum);

constexpr Status kUnlistedError = Status(uefi::kErrorBit | 0x40001234);
constexpr Status kUnlistedWarning = Status(0x1234);

std::vector<Status> statuses() {
  if (const char* which = std::getenv("FAULTS"); !which || std::string(which) != "all")
    return {Status::device_error, Status::not_found, Status::out_of_resources, Status::warn_stale_data, kUnlistedError};
  std::vector<Status> all = {kUnlistedError, kUnlistedWarning};
  for (uint64_t i = 1; i < 64; ++i)
    for (const Status status : {Status(i), Status(uefi::kErrorBit | i)})
      if (uefi::status_name(status)) all.push_back(status);
  return all;
}

/// What can go wrong with one call of `service`.
std::vector<Fault> faults(Service service, uint64_t call) {
  using Kind = Fault::Kind;
  std::vector<Fault> all;
  for (const Status status : statuses()) all.push_back({service, call, false, Kind::refusal, status});
  all.push_back({service, call, true, Kind::refusal, Status::device_error});
  all.push_back({service, call, false, Kind::lie, {}});
  all.push_back({service, call, true, Kind::lie, {}});
  if (moves_bytes(service))
    for (const Kind kind : {Kind::short_transfer, Kind::no_transfer, Kind::long_transfer})
      for (const bool for_good : {false, true}) all.push_back({service, call, for_good, kind, {}});
  return all;
}

/// Services without which the program can still do all that was asked.
bool is_dispensable(Service service) {
  static const Service kNeeded[] = {Service::allocate_pages, Service::handle_protocol, Service::open_volume,
                                    Service::open,           Service::read,            Service::get_info,
                                         Service::delete_file,     Service::write,
                                    Service::flush, Service::set_info};
  return std::find(std::begin(kNeeded), std::end(kNeeded), service) == std::end(kNeeded);
}

/// Who lies about the bytes of a file cannot be found out without a sum.
bool is_deceived(const Fault& fault) {
  return fault.kind == Fault::Kind::lie && (fault.service == Service::read || fault.service == Service::write ||
                                            fault.service == Service::delete_file || fault.service == Service::set_info ||
                                            fault.service == Service::get_info);
}

/// A file is not there, says firmware, and whoever may be without it must believe that.
bool is_missing(const Fault& fault) {
  return fault.service == Service::open && fault.status == Status::not_found;
}

/// The console lost something, or showed what it cannot.
bool is_unseen(const Fault& fault) {
  return fault.service == Service::output_string || fault.service == Service::serial_write || fault.service == Service::test_string;
}

/// How often the screen says `words`.
int says(const Outcome& run, const std::string& words) {
  int times = 0;
  for (size_t at = 0; (at = run.screen.find(words, at)) != std::string::npos; at += words.size()) ++times;
  return times;
}

/// The lines that say that something is wrong.
std::multiset<std::string> messages(const Outcome& run) {
  std::multiset<std::string> all;
  std::istringstream lines(run.screen);
  for (std::string line; std::getline(lines, line);)
    for (const char* sign : {"error: ", "note: ", ": EFI", "no model that can be run"})
      if (line.find(sign) != std::string::npos) all.insert(line);
  return all;
}

/// Does it say that something is wrong, where nothing was without the fault?
bool says_more(const Outcome& run, const Outcome& natural) {
  const std::multiset<std::string> now = messages(run), before = messages(natural);
  return !std::includes(before.begin(), before.end(), now.begin(), now.end());
}

/// Firmware never says that the other processors are back: then the program must not end, and does not.
bool never_ends(const Fault& fault) {
  return (fault.service == Service::check_event && fault.for_good && fault.kind == Fault::Kind::refusal) ||
         (fault.service == Service::startup_all_aps && fault.kind == Fault::Kind::lie);
}

/// What firmware refused to put back, at the end, is not the program's fault.
std::string complaints(const Outcome& run, const Fault& fault) {
  if (!fault.for_good && fault.call < run.calls[int(fault.service)]) return run.complaints;
  const bool excused = (fault.service == Service::set_mode && run.complaints == "the text mode was not put back\n") ||
                       (fault.service == Service::set_attribute && fault.for_good &&
                        run.complaints == "the text colour was not put back\n") ||
                       (fault.service == Service::enable_cursor && run.complaints == "the cursor was not put back\n");
  return excused ? "" : run.complaints;
}

struct Scenario {
  const char* name;
  test::FakeMachine (*machine)();
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

class EveryFault : public testing::TestWithParam<std::tuple<Scenario, int>> {
 protected:
  void check(const Fault& fault, const Outcome& run, const Outcome& natural) {
    EXPECT_EQ(complaints(run, fault), "");
    if (fault.kind == Fault::Kind::long_transfer) {
      EXPECT_TRUE(says_more(run, natural)) << "believes in more bytes than it asked for";
    }
    if (run.status != Status::success) {
      EXPECT_TRUE(uefi::is_error(run.status)) << uint64_t(run.status);
      EXPECT_TRUE(says(run, "error: ") || is_unseen(fault)) << "ends with an error, and without a word";
      EXPECT_FALSE(is_dispensable(fault.service)) << "ends for want of something that it can do without";
      return;
    }
    if (is_unseen(fault) || is_deceived(fault)) return;
    if (says_more(run, natural) && !is_dispensable(fault.service)) return;
    // Where memory runs out anyway, no more is said of it.
    if (fault.service == Service::allocate_pages && says(natural, " are free in all)")) return;
    if (is_missing(fault)) return;
    EXPECT_EQ(essence(run), essence(natural));
  }
};

TEST_P(EveryFault, EndsInAMessageOrGoesOn) {
  const auto& [scenario, number] = GetParam();
  const Service service = Service(number);
  const test::FakeMachine machine = scenario.machine();
  const Outcome natural = test::start(machine);
  ASSERT_EQ(natural.status, Status::success);
  for (uint64_t call = 1; call <= natural.calls[number]; ++call)
    for (const Fault& fault : faults(service, call)) {
      if (service == Service::read_key && fault.for_good && !machine.typed.empty()) continue;  // waits for ever
      if (never_ends(fault)) continue;
      ++g_runs;
      const Outcome run = test::start(machine, fault);
      check(fault, run, natural);
      if (HasFailure()) {
        ADD_FAILURE() << scenario.name << ": " << fault.text() << "\n" << run.screen;
        return;
      }
    }
}

constexpr Scenario kScenarios[] = {{"story", test::one_story},
                                  {"processors", test::one_story_on_all_processors},
                                  {"conversation", test::conversation},
                                  {"chat", test::chat},
                                  {"small", test::small_machine}};

TEST(Faults, LeaveNoServiceOut) {
  uint64_t calls[test::kServices] = {};
  for (const Scenario& scenario : kScenarios) {
    const Outcome run = test::start(scenario.machine());
    for (int i = 0; i < test::kServices; ++i) calls[i] += run.calls[i];
  }
  for (int i = 0; i < test::kServices; ++i)
    if (!is_of_network(Service(i))) EXPECT_GT(calls[i], 0u) << "nothing calls " << test::name(Service(i));
}

TEST(Faults, OnASmallMachineComeWhileItLacksMemory) {
  const Outcome run = test::start(test::small_machine());
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(says(run, " MiB are free in all)"), 1) << run.screen;
  EXPECT_EQ(says(run, "note: the model from before is loaded again"), 1) << run.screen;
}

std::string title(const testing::TestParamInfo<std::tuple<Scenario, int>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + test::name(Service(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(Services, EveryFault,
                         testing::Combine(testing::ValuesIn(kScenarios), testing::Range(0, test::kServices)), title);

}  // namespace
