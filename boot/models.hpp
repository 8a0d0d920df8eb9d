#pragma once
#include "boot/options.hpp"
#include "boot/platform/volumes.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Who looks at models, one after another.
struct ModelVisitor {
  void* self;
  void (*visit)(void* self, platform::Device device, rt::Text path, uint64_t size);
};

/// The folder that models are looked for in.
inline constexpr rt::Text kModelsFolder = "\\models";

/// Shows every file in \models, on every volume, that may be a model. `notes`, unless null: what could not be read.
void visit_models(const ModelVisitor& visitor, rt::Sink* notes);

/// Lists the models in \models on every volume, with size and shape.
void list_models(const Terminal& terminal);

/// The path of the model in \models that is called `name`, with its ending or without; empty where there is none.
rt::Text find_model(const rt::Text& name, rt::Span<char> path, rt::Sink& notes);

/// Where no model is named, none is built in and there is no default one: takes the only one in \models, or asks which
/// of several is meant.
rt::Result<void> pick_model(Options& options, const Terminal& terminal);

}  // namespace boot
