// The network, on a firmware where every call of it goes wrong.
#include <gtest/gtest.h>

#include "boot/platform/firmware.hpp"
#include "boot/platform/network/tcp.hpp"
#include "tests/firmware/scenarios.hpp"

namespace {

using test::Ending;
using test::FakeMachine;
using test::Fault;
using test::Outcome;
using test::Service;
using test::Speech;
using uefi::Status;

std::string text_of(const test::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// A story whose model comes from a server: `/m/default.bin`, and its tokenizer beside it.
FakeMachine story_by_http() {
  FakeMachine machine = test::one_story();
  machine.network.present = true;
  machine.network.served = {
      {"/m/default.bin", test::web_answer(text_of(machine.files["\\models\\default.bin"]))},
      {"/m/default-tokenizer.bin", test::web_answer(text_of(machine.files["\\models\\default-tokenizer.bin"]))}};
  machine.files.erase("\\models\\default.bin");
  machine.options += " -m http://10.0.2.2:8000/m/default.bin";
  machine.network.connected = false;  // as where the program came from a disk
  return machine;
}

/// The same, started by HTTP Boot from beside the model.
FakeMachine story_by_http_boot() {
  FakeMachine machine = story_by_http();
  machine.network.served["/m/llama.cfg"] = test::web_answer(
      "model = default.bin\n" + text_of(machine.files["\\EFI\\BOOT\\llama.cfg"]));
  machine.options = "";
  machine.from_disk = machine.volumes = false;
  machine.network.connected = true;
  machine.network.boot_url = "http://10.0.2.2:8000/m/llama.efi";
  return machine;
}

/// The same, where the server has a name.
FakeMachine story_by_name() {
  FakeMachine machine = story_by_http();
  machine.network.known_name = "server.lan";
  machine.options += " -m http://server.lan:8000/m/default.bin";
  return machine;
}

/// The same, where nobody answers who knows names.
FakeMachine story_by_unknown_name() {
  FakeMachine machine = story_by_name();
  machine.network.names_answered = false;
  return machine;
}

/// The lines of a story, without the model's name.
std::string story(const Outcome& run) {
  const std::string all = test::essence(run);
  const size_t at = all.find("\n\n");
  return at == std::string::npos ? all : all.substr(at);
}

/// What is said when a machine cannot have its model.
std::string error_of(const FakeMachine& machine) {
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  EXPECT_TRUE(uefi::is_error(run.status));
  const size_t at = run.screen.find("error: ");
  return at == std::string::npos ? "none" : run.screen.substr(at, run.screen.find('\n', at) - at);
}

void expect_error(const FakeMachine& machine, const std::string& words) {
  const std::string said = error_of(machine);
  EXPECT_NE(said.find(words), std::string::npos) << said;
}

TEST(Network, IsNotTouchedUnlessAnOptionAsksForIt) {
  FakeMachine machine = test::conversation();
  machine.network.present = true;
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_FALSE(run.network_touched);
  EXPECT_EQ(run.calls[int(Service::connect_controller)], 0u);
}

TEST(Media, SettingsLieBesideTheProgramOrInTheRootHoweverItsPathIsWritten) {
  for (const bool slash : {false, true}) {
    FakeMachine machine = test::one_story();
    machine.slash_path = slash;
    machine.options = "";
    machine.files["\\llama.cfg"] = machine.files["\\EFI\\BOOT\\llama.cfg"];
    machine.files.erase("\\EFI\\BOOT\\llama.cfg");
    EXPECT_EQ(story(test::start(machine)), story(test::start(test::one_story()))) << slash;
  }
}

TEST(Network, AModelByHttpTellsTheSameStory) {
  const std::string same = story(test::start(test::one_story()));
  for (const bool connected : {true, false}) {
    FakeMachine machine = story_by_http();
    machine.network.connected = connected;
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.status, Status::success) << run.screen;
    EXPECT_EQ(run.complaints, "");
    EXPECT_EQ(story(run), same);
    EXPECT_EQ(run.calls[int(Service::connect_controller)], connected ? 0u : 1u);
  }
  for (const uint32_t segment : {1u, 7u, 1440u}) {
    FakeMachine machine = story_by_http();
    machine.network.segment = segment;
    EXPECT_EQ(story(test::start(machine)), same) << segment;
  }
  FakeMachine slow = story_by_http();
  slow.network.served["/m/default.bin"].slow = 50;  // longer than anybody is silent, but never silent
  EXPECT_EQ(story(test::start(slow)), same);
  FakeMachine far = story_by_http();
  const std::string folder = "/" + std::string(200, 'f') + "/";
  for (const char* name : {"default.bin", "default-tokenizer.bin"})
    far.network.served[folder + name] = far.network.served[std::string("/m/") + name];
  far.options += " -m http://10.0.2.2:8000" + folder + "default.bin";
  EXPECT_EQ(story(test::start(far)), same);
}

TEST(Network, AServersNameIsLookedUp) {
  const Outcome run = test::start(story_by_name());
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(story(run), story(test::start(test::one_story()))) << run.screen;
  FakeMachine machine = story_by_name();
  machine.network.known_name = "another.lan";
  expect_error(machine, "the name 'server.lan' is not known here: EFI_NOT_FOUND");
  machine.network.name_server = false;
  expect_error(machine, "this network has no name server");
}

TEST(Network, NobodyWaitsLongForANameThatNobodyKnows) {
  const Outcome run = test::start(story_by_unknown_name());
  EXPECT_EQ(run.complaints, "");
  EXPECT_LT(run.calls[int(Service::dns_poll)], 20'000u);  // ten seconds, and a millisecond for each
  EXPECT_GT(run.calls[int(Service::dns_poll)], 5'000u);
}

TEST(Network, WhatDhcpAnsweredIsReadAsFarAsItGoes) {
  FakeMachine machine = story_by_name();
  machine.network.dhcp_lies = true;
  expect_error(machine, "this network has no name server");
}

TEST(Network, TheAddressThatThereIsIsKept) {
  FakeMachine machine = story_by_http();
  machine.network.dhcp = false;
  machine.network.dhcp_renewing = true;
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success) << run.screen;
  EXPECT_EQ(run.calls[int(Service::dhcp_start)], 0u);
}

TEST(Network, HttpBootReadsSettingsAndModelBesideTheProgram) {
  const Outcome run = test::start(story_by_http_boot());
  EXPECT_EQ(run.status, Status::success) << run.screen;
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(story(run), story(test::start(test::one_story())));
  EXPECT_EQ(run.calls[int(Service::dhcp_start)], 0u) << "the address of HTTP Boot is not used";
}

FakeMachine answering(const Speech& speech) {
  FakeMachine machine = story_by_http();
  machine.network.served["/m/default.bin"] = speech;
  return machine;
}

TEST(Network, SaysWhatIsMissing) {
  FakeMachine machine = story_by_http();
  machine.network.present = false;
  expect_error(machine, "http://10.0.2.2:8000/m/default.bin: no network: firmware has no TCP for any card");
  machine = story_by_http();
  machine.network.cable = false;
  expect_error(machine, "there is no cable in any card");
  machine = story_by_http();
  machine.network.dhcp = false;
  expect_error(machine, "no DHCP server answered");
  machine = story_by_http();
  machine.network.listens = false;
  expect_error(machine, "nobody listens there");
  machine = story_by_http();
  machine.network.answers = false;
  expect_error(machine, "the server does not answer for 10 s");
  machine = story_by_http();
  machine.network.served.clear();
  expect_error(machine, "/m/default.bin: the server has no such file (status 404)");
  machine = story_by_http_boot();
  machine.network.served.clear();
  expect_error(machine, "http://10.0.2.2:8000/m/models/default.bin: the server has no such file (status 404)");
  machine = story_by_http_boot();
  machine.network.boot_url = "pxe";
  expect_error(machine, "PXE hands over this program alone");
}

TEST(Network, SaysWhatIsWrongWithAnAnswer) {
  const std::string whole = story_by_http().network.served["/m/default.bin"].bytes;
  expect_error(answering({whole.substr(0, 400), Ending::silence}), "the server says nothing for 20 s");
  expect_error(answering({whole.substr(0, 10), Ending::silence}), "the server says nothing for 20 s");
  expect_error(answering({"", Ending::silence}), "the server says nothing for 20 s");
  expect_error(answering({whole.substr(0, 400), Ending::reset}), "the server broke the connection after");
  expect_error(answering({whole.substr(0, 400), Ending::close}), "the file ends after");
  expect_error(answering({"", Ending::close}), "is no web server");
  expect_error(answering({"SSH-2.0-x\r\n\r\n"}), "is no web server");
  expect_error(answering({"HTTP/1.1 301 Moved\r\nLocation: http://a/b\r\n\r\n"}), "write the new place: http://a/b");
  expect_error(answering({"HTTP/1.1 503 Busy\r\n\r\n"}), "the server refuses (status 503)");
  expect_error(answering({"HTTP/1.1 200 OK\r\n\r\nxxx"}), "does not say how long the file is");
  expect_error(answering({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nxxx"}),
               "does not say how long the file is");
}

TEST(Network, IsLeftOnEscape) {
  for (const bool dhcp : {true, false})
    for (uint64_t look = 1; look < 40; look += 3) {
      FakeMachine machine = answering({story_by_http().network.served["/m/default.bin"].bytes.substr(0, 400), Ending::silence});
      machine.network.dhcp = dhcp;
      machine.hurry = look;
      const Outcome run = test::start(machine);
      EXPECT_EQ(run.complaints, "");
      EXPECT_NE(run.status, Status::success);
    }
}

/// A server as small as can be: every visitor hears in capitals what it said, until all have gone.
Status echo(uefi::Handle image, uefi::SystemTable* system) {
  platform::begin(image, system);
  platform::Keyboard keyboard(*system);
  const platform::Clock clock = platform::Clock::start();
  {
    auto network = platform::Network::start(clock, keyboard);
    if (!network) return Status::no_media;
    auto listener = platform::Listener::open(**network, 8080, 2, clock);
    if (!listener) {
      platform::Network::stop();
      return Status::no_media;
    }
    platform::Connection* guests[2] = {};
    const uint64_t began = platform::Clock::ticks();
    for (uint32_t gone = 0; gone < 5 && clock.seconds_since(began) < 2;) {
      (*listener)->poll();
      while (platform::Connection* guest = (*listener)->accepted()) {
        EXPECT_TRUE(!guests[0] || !guests[1]);
        (guests[0] ? guests[1] : guests[0]) = guest;
        EXPECT_LE((*listener)->in_use(), 2u);
      }
      for (auto*& guest : guests) {
        if (!guest) continue;
        uint8_t bytes[64];
        if (guest->sent()) {
          const uint64_t n = guest->read({bytes, sizeof bytes});
          for (uint64_t i = 0; i < n; ++i) bytes[i] = uint8_t(bytes[i] - (bytes[i] >= 'a' && bytes[i] <= 'z' ? 32 : 0));
          guest->write({bytes, n});
        }
        if (guest->failed()) guest->reset();
        else if (guest->closed_by_peer() && guest->sent()) guest->close();
        else continue;
        guest = nullptr;
        ++gone;
      }
      (void)platform::g_services->stall(1000);
    }
    (*listener)->close();
    platform::Network::stop();
  }
  return Status::success;
}

FakeMachine visited() {
  FakeMachine machine;
  machine.network.present = true;
  machine.network.visitors = {{"hello", Ending::close}, {"you", Ending::close}, {"", Ending::close},
                              {"lost", Ending::reset}, {std::string(200, 'x'), Ending::close}, {"late", Ending::silence}};
  return machine;
}

TEST(Listener, HearsEveryVisitorAndSaysGoodbye) {
  const Outcome run = test::start(visited(), {}, echo);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  ASSERT_GE(run.told.size(), 5u);
  EXPECT_EQ(run.told[0], "HELLO");
  EXPECT_EQ(run.told[1], "YOU");
  EXPECT_EQ(run.told[4], std::string(200, 'X'));
}

/// Tells its only visitor one word and closes. *g_kept_seconds: how long the connection was kept for that.
double* g_kept_seconds;
Status last_word(uefi::Handle image, uefi::SystemTable* system) {
  platform::begin(image, system);
  platform::Keyboard keyboard(*system);
  const platform::Clock clock = platform::Clock::start();
  {
    auto network = platform::Network::start(clock, keyboard);
    auto listener = platform::Listener::open(**network, 8080, 1, clock);
    platform::Connection* guest = nullptr;
    while (!(guest = (*listener)->accepted())) (*listener)->poll();
    guest->write({reinterpret_cast<const uint8_t*>("bye"), 3});
    guest->close();
    const uint64_t began = platform::Clock::ticks();
    for (; (*listener)->in_use(); (*listener)->poll()) (void)platform::g_services->stall(10'000);
    *g_kept_seconds = clock.seconds_since(began);
    (*listener)->close();
    platform::Network::stop();
  }
  return Status::success;
}

TEST(Connection, IsKeptUntilTheOtherSideHasTheLastWordAndNotMuchLonger) {
  const struct { uint64_t takes, parts; const char* told; double kept; } cases[] = {
      {0, 0, "bye", 0}, {20, 0, "bye", 20}, {20, 2, "bye", 22}, {0, 1'000, "bye", 3}, {28, 1'000, "bye", 31}, {1'000, 0, "", 30}};
  for (const auto& c : cases) {
    FakeMachine machine;
    machine.network.present = true;
    machine.network.visitors = {{"", Ending::silence, 0, c.takes, c.parts}};
    double kept = 0;
    g_kept_seconds = &kept;
    const Outcome run = test::start(machine, {}, last_word);
    EXPECT_EQ(run.complaints, "");
    EXPECT_EQ(run.told.at(0), c.told) << c.takes;
    EXPECT_NEAR(kept, c.kept, 0.5) << c.takes << " " << c.parts;
  }
}

/// A program that others visit, and that tells them stories until somebody types that it is enough.
FakeMachine served() {
  const auto request = [](const std::string& what, const std::string& body = "") {
    return what + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
           (body.empty() ? "" : "Content-Type: application/json\r\nContent-Length: ") +
           (body.empty() ? "" : std::to_string(body.size()) + "\r\n") + "\r\n" + body;
  };
  const std::string question = R"({"prompt":"ab","max_tokens":3,"temperature":0)";
  FakeMachine machine = test::one_story();
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes("temperature = 0\nserve = 8080\n");
  machine.options = "llama.efi -t 0 --serve 8080";
  machine.typed = {"/quit"};
  machine.look_milliseconds = 10;
  machine.network.present = true;
  machine.network.visitors = {{request("GET /v1/models"), Ending::silence},
                              {request("POST /v1/completions", question + "}"), Ending::silence},
                              {"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", Ending::close},
                              {request("POST /v1/completions", question + R"(,"stream":true})"), Ending::silence},
                              {"GET / HT", Ending::reset},
                              {request("POST /v1/completions", question + "}"), Ending::silence}};
  return machine;
}

/// Does this hear an answer that is whole?
bool is_answered(const std::string& told) {
  const size_t head = told.find("\r\n\r\n");
  if (!told.starts_with("HTTP/1.1 200") || head == std::string::npos) return false;
  const size_t length = told.find("Content-Length: ");
  if (length < head) return told.size() == head + 4 + std::stoul(told.substr(length + 16));
  return told.ends_with("\r\n0\r\n\r\n");
}

TEST(Serving, AnswersEveryVisitor) {
  const Outcome run = test::start(served());
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  ASSERT_EQ(run.told.size(), 6u) << run.screen;
  for (const size_t i : {0, 1, 2, 3, 5}) EXPECT_TRUE(is_answered(run.told[i])) << i << run.told[i];
  EXPECT_EQ(run.told[4], "");
  EXPECT_NE(run.screen.find("10.0.2.2 POST /v1/completions 200, "), std::string::npos) << run.screen;
}

TEST(Serving, SleepsWhileNobodyAsks) {
  EXPECT_GE(test::start(served()).calls[int(Service::wait_for_event)], 10u);
  for (const Service service : {Service::create_event, Service::set_timer}) {
    const Outcome natural = test::start(served());
    const Fault fault{service, natural.calls[int(service)] - 5, true, Fault::Kind::refusal, Status::out_of_resources};
    const Outcome run = test::start(served(), fault);
    EXPECT_GT(run.calls[int(Service::stall)], natural.calls[int(Service::stall)]) << "spins where there are no timers";
  }
}

TEST(Serving, SaysThatNobodyCanComeAnyMore) {
  FakeMachine machine = served();
  const Speech visitor = machine.network.visitors[2];
  machine.network.visitors.assign(30, visitor);
  Fault fault{Service::tcp_accept, 1, true, Fault::Kind::refusal, Status::device_error};
  Outcome run = test::start(machine, fault);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_NE(run.screen.find("error: port 8080 cannot be listened on: EFI_DEVICE_ERROR"), std::string::npos);
  fault.call = 25;  // as many connections as there are have been waited for
  run = test::start(machine, fault);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(run.told.size(), 24u);
  EXPECT_NE(run.screen.find("error: no connection can come any more, and serving ends: EFI_DEVICE_ERROR"),
            std::string::npos) << run.screen;
}

TEST(Serving, SaysThatFirmwareBrokeAConnection) {
  const Fault fault{Service::tcp_transmit, 1, false, Fault::Kind::refusal, Status::device_error};
  const Outcome run = test::start(served(), fault);
  EXPECT_NE(run.screen.find("note: a connection broke: EFI_DEVICE_ERROR"), std::string::npos) << run.screen;
  EXPECT_EQ(test::start(served()).screen.find("note: a connection"), std::string::npos) << "a reset is no news";
}

TEST(Serving, SaysNothingOfClientsThatLeave) {
  for (const Status why : {Status::timeout, Status::aborted, uefi::kNetworkUnreachable, uefi::kConnectionReset}) {
    const Outcome run = test::start(served(), Fault{Service::tcp_transmit, 1, false, Fault::Kind::refusal, why});
    EXPECT_EQ(run.complaints, "");
    EXPECT_EQ(run.screen.find("note: "), std::string::npos) << run.screen;
  }
}

TEST(Serving, WantsAPortThatThereIs) {
  FakeMachine machine = served();
  machine.options = "llama.efi -t 0";
  machine.files["\\EFI\\BOOT\\llama.cfg"] = {};
  machine.typed = {"/serve 0", "/serve 65536", "/serve 8080x", "/serve 65535", "/quit"};
  const Outcome run = test::start(machine);
  for (const char* port : {"0", "65536", "8080x"})
    EXPECT_NE(run.screen.find(std::string("/serve wants a port from 1 to 65535, or off, not '") + port + "'"),
              std::string::npos) << run.screen;
  EXPECT_NE(run.screen.find("serving on http://10.0.2.15:65535, to everybody; /serve off ends it\n"), std::string::npos)
      << run.screen;
}

// Faults: every call of what a network needs goes wrong, once and for good.

void a_model_comes_or_not(const Outcome& run, const Outcome& natural, const Fault&) {
  if (run.status == Status::success) EXPECT_EQ(story(run), story(natural));
  else EXPECT_NE(run.screen.find("error: "), std::string::npos);
}

void an_echo_ends(const Outcome&, const Outcome&, const Fault&) {}

/// One fault costs one visitor his answer at most; more than one are told to the user.
void serving_goes_on_or_ends(const Outcome& run, const Outcome& natural, const Fault& fault) {
  const bool says = run.screen.find("error: ") != std::string::npos || run.screen.find("note: ") != std::string::npos;
  if (run.status != Status::success) EXPECT_TRUE(says);
  if (run.told.empty()) {
    // Nobody knows whether somebody would have come.
    EXPECT_TRUE(says || fault.for_good);
    return;
  }
  if (fault.for_good) return;
  int lost = 0;
  for (size_t i = 0; i < natural.told.size(); ++i)
    lost += is_answered(natural.told[i]) && !(i < run.told.size() && is_answered(run.told[i]));
  EXPECT_LE(lost, 1);
}

struct NetworkScenario {
  const char* name;
  FakeMachine (*machine)();
  Status (*program)(uefi::Handle image, uefi::SystemTable* system);
  void (*check)(const Outcome& run, const Outcome& natural, const Fault& fault);
};

constexpr NetworkScenario kScenarios[] = {{"http", story_by_http, efi_main, a_model_comes_or_not},
                                          {"http_boot", story_by_http_boot, efi_main, a_model_comes_or_not},
                                          {"name", story_by_name, efi_main, a_model_comes_or_not},
                                          {"unknown_name", story_by_unknown_name, efi_main, a_model_comes_or_not},
                                          {"echo", visited, echo, an_echo_ends},
                                          {"served", served, efi_main, serving_goes_on_or_ends}};

std::ostream& operator<<(std::ostream& out, const NetworkScenario& scenario) { return out << scenario.name; }

class EveryNetworkFault : public testing::TestWithParam<std::tuple<NetworkScenario, int>> {};

TEST_P(EveryNetworkFault, LosesNothing) {
  const auto& [scenario, number] = GetParam();
  const FakeMachine machine = scenario.machine();
  const Outcome natural = test::start(machine, {}, scenario.program);
  ASSERT_EQ(natural.complaints, "");
  const uint64_t calls = natural.calls[number];
  for (uint64_t call = 1; call <= calls; call += 1 + call / 12)
    for (const auto kind : {Fault::Kind::refusal, Fault::Kind::lie})
      for (const bool for_good : {false, true}) {
        const Fault fault{Service(number), call, for_good, kind, Status::device_error};
        const Outcome run = test::start(machine, fault, scenario.program);
        EXPECT_EQ(run.complaints, "");
        scenario.check(run, natural, fault);
        if (HasFailure()) {
          ADD_FAILURE() << scenario.name << ": " << fault.text() << "\n" << run.screen;
          return;
        }
      }
}

/// What a network needs, of services that others need, too.
constexpr Service kShared[] = {Service::allocate_pages, Service::create_event, Service::close_event,
                               Service::check_event, Service::wait_for_event, Service::handle_protocol, Service::locate_handle_buffer};

std::vector<int> services() {
  std::vector<int> all;
  for (const Service service : kShared) all.push_back(int(service));
  for (int i = 0; i < test::kServices; ++i)
    if (test::is_of_network(Service(i))) all.push_back(i);
  return all;
}

TEST(Network, NoServiceIsLeftOutOfItsFaults) {
  uint64_t calls[test::kServices] = {};
  for (const NetworkScenario& scenario : kScenarios) {
    const Outcome run = test::start(scenario.machine(), {}, scenario.program);
    for (int i = 0; i < test::kServices; ++i) calls[i] += run.calls[i];
  }
  for (const int i : services()) EXPECT_GT(calls[i], 0u) << "nothing calls " << test::name(Service(i));
}

std::string title(const testing::TestParamInfo<std::tuple<NetworkScenario, int>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + test::name(Service(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(Services, EveryNetworkFault,
                         testing::Combine(testing::ValuesIn(kScenarios), testing::ValuesIn(services())), title);

}  // namespace
