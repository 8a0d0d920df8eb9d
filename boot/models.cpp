#include "boot/models.hpp"

#include "boot/embedded.hpp"
#include "boot/load.hpp"
#include "boot/model_source.hpp"
#include "boot/platform/model_names.hpp"
#include "boot/platform/network/http_file.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/volumes.hpp"
#include "model/formats/format.hpp"
#include "model/formats/part_name.hpp"

namespace boot {
namespace {

constexpr uint64_t kReadAtOnce = 64 * 1024;  // a head may be long

bool may_be_model(const platform::DirectoryEntry& entry) {
  const rt::Text name = entry.name;
  return !entry.directory && platform::is_model_name(name) && model::part_number(name) <= 1 &&
         !name.ends_with("tokenizer.bin") && !name.starts_with("tok");
}

/// The shape that the head of a model's file states, or why it is no model.
rt::Result<void> describe(platform::Device device, rt::Text path, const Terminal& terminal) {
  platform::PageBlocks pages(platform::MemoryUse::buffer, "the list of models");
  rt::Arena arena(pages), scratch(pages);
  rt::Result<rt::Span<uint8_t>> buffer = arena.make_raw<uint8_t>(kReadAtOnce);
  if (!buffer) return buffer.error();
  platform::Place place{&platform::kVolumes, device};
  const platform::Patience patience{terminal.clock, terminal.keyboard};
  rt::Result<platform::Input> file = platform::open_input(path, place, patience);
  if (!file) return file.error();
  ModelSource source(*file, place, path, patience, *buffer);
  model::Stream stream(source);
  rt::Result<const model::ModelFile*> model = model::open_model(stream, arena, scratch);
  if (!model) return model.error();
  const model::ModelInfo& info = (*model)->info();
  rt::print(terminal.console, "%s, dim %u, %u layers, context %'u, %.1f M parameters\n", info.weights, info.config.dim,
            info.config.n_layers, info.config.seq_len, double(int64_t(model::parameters(info))) / 1e6);
  return {};
}

void list(platform::Device device, rt::Text path, uint64_t size, const Terminal& terminal) {
  rt::print(terminal.console, "  %-36pT %8.1f MiB  ", &path, double(int64_t(size)) / (1 << 20));
  const rt::Result<void> done = describe(device, path, terminal);
  if (done) return;
  const rt::Error& error = done.error();
  const bool other = error.code == rt::Errc::bad_file || error.code == rt::Errc::unsupported;
  rt::print(terminal.console, other ? "no model that can be run\n" : "note: %s\n", error.text);
}

/// Shows the models of one volume. A volume without the folder is no error.
rt::Result<void> visit_volume(platform::Device device, const ModelVisitor& visitor) {
  rt::Result<platform::Volume> volume = platform::Volume::open(device);
  if (!volume) return volume.error();
  rt::Result<platform::Directory> folder = volume->open_directory(kModelsFolder);
  if (!folder && folder.error().code == rt::Errc::not_found) return {};
  if (!folder) return folder.error();
  for (;;) {
    platform::DirectoryEntry entry;
    rt::Result<bool> more = folder->next(entry);
    if (!more) return more.error();
    if (!*more) return {};
    char path[800];
    if (!may_be_model(entry)) continue;
    visitor.visit(visitor.self, device, rt::print_to({path, sizeof path}, "%pT\\%s", &kModelsFolder, entry.name),
                  entry.size);
  }
}

/// The models that one is picked from.
struct Choice {
  const Terminal& terminal;
  bool shows = false;    // with their numbers
  uint32_t wanted = 1;   // the number of the one that is taken
  uint32_t found = 0;
  char path[256] = {};   // of that one

  static void visit(void* self, platform::Device device, rt::Text path, uint64_t size) {
    auto& choice = *static_cast<Choice*>(self);
    if (++choice.found == choice.wanted) rt::print_to({choice.path, sizeof choice.path}, "%pT", &path);
    if (!choice.shows || choice.found > kKeys) return;
    rt::print(choice.terminal.console, "%c", key(choice.found));
    list(device, path, size, choice.terminal);
  }

  // A model is picked with one key: 1 to 9, then a to z.
  static constexpr uint32_t kKeys = 9 + 26;
  static char key(uint32_t number) { return char(number <= 9 ? '0' + number : 'a' + number - 10); }
  static uint32_t number(char32_t key) {
    if (key >= U'1' && key <= U'9') return uint32_t(key - U'0');
    return key >= U'a' && key <= U'z' ? uint32_t(key - U'a') + 10 : 0;
  }
};

/// Asks for a number until one of `choice` was typed.
rt::Result<void> ask(Choice& choice, const Terminal& terminal) {
  rt::print(terminal.console, "Which model? Press its key, 1 to %c; Esc: none. ",
            Choice::key(rt::min(choice.found, Choice::kKeys)));
  platform::Key key;
  while (terminal.keyboard.wait(key)) {
    if (key.is_stop()) break;
    const uint32_t number = Choice::number(key.character);
    if (number == 0 || number > choice.found) continue;
    rt::print(terminal.console, "%c\n", Choice::key(number));
    choice.wanted = number;
    return {};
  }
  terminal.console.write("\n");
  return rt::fail(rt::Errc::stopped, 0, "no model was picked");
}

}  // namespace

void visit_models(const ModelVisitor& visitor, rt::Sink* notes) {
  const platform::DeviceList volumes;
  for (const platform::Device device : volumes.all())
    if (rt::Result<void> done = visit_volume(device, visitor); !done && notes)
      rt::print(*notes, "note: %s\n", done.error().text);
}

void list_models(const Terminal& terminal) {
  struct List {
    const Terminal& terminal;
    uint32_t found = 0;
  } all{terminal};
  visit_models({&all, [](void* self, platform::Device device, rt::Text path, uint64_t size) {
                  auto& of = *static_cast<List*>(self);
                  ++of.found;
                  if (!of.terminal.keyboard.stop_pressed()) list(device, path, size, of.terminal);
                }}, &terminal.console);
  if (!all.found) rt::print(terminal.console, "no model in %pT on any volume\n", &kModelsFolder);
}

rt::Text find_model(const rt::Text& name, rt::Span<char> path, rt::Sink& notes) {
  struct Search {
    rt::Text name;
    rt::Span<char> path;
    rt::Text found;
  } search{name, path, {}};
  visit_models({&search, [](void* self, platform::Device, rt::Text path, uint64_t) {
                  auto& of = *static_cast<Search*>(self);
                  const rt::Text file = path.from(kModelsFolder.size + 1);
                  const rt::Text stem = file.part(0, file.size - platform::model_ending(file));
                  if (of.found.empty() && (of.name == file || of.name == stem))
                    of.found = rt::print_to(of.path, "%pT", &path);
                }}, &notes);
  return search.found;
}

rt::Result<void> pick_model(Options& options, const Terminal& terminal) {
  if (!options.model.empty() || !embedded_model().empty()) return {};
  if (!platform::http_home().empty()) return {};  // the usual one, from beside the program
  const platform::DeviceList volumes;
  if (volumes.all().empty())
    return rt::fail(
        rt::Errc::not_found, 0,
        platform::came_by_pxe()
            ? "no llama.cfg and no model: PXE hands over this program alone, and no disk or stick can be read "
              "here; boot it by HTTP or iPXE, which find both beside it, or boot llama-standalone.efi, which "
              "has a model"
            : "no disk or stick can be read here, so there is no model: start llama-standalone.efi, which has one");
  rt::Result<platform::File> usual = platform::open_on_any(volumes.all(), kDefaultModel);
  if (usual || usual.error().code != rt::Errc::not_found) return {};

  Choice choice{terminal};
  visit_models({&choice, Choice::visit}, nullptr);
  if (choice.found == 0) return {};
  if (choice.found > 1) {
    if (options.on_finish != OnFinish::prompt || !terminal.keyboard.present())
      return rt::fail(rt::Errc::usage, 0, "there are %u models in %pT: name one, as in model = %s", choice.found,
                      &kModelsFolder, choice.path);
    choice.shows = true;
    choice.found = 0;
    visit_models({&choice, Choice::visit}, nullptr);
    if (rt::Result<void> done = ask(choice, terminal); !done) return done;
    choice.shows = false;
    choice.found = 0;
    visit_models({&choice, Choice::visit}, nullptr);
  }
  const OptionSet set = all_options(options);
  return set.set(*set.find("model"), choice.path);
}

}  // namespace boot
