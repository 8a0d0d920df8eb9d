#include "model/model.hpp"

namespace model {

ActivationSize activation_size(const Model& model) {
  ActivationSize size;
  size.cover(model.classifier);
  for (const Layer& layer : model.layers) {
    const Matrix* const all[] = {&layer.wq, &layer.wk, &layer.wv, &layer.wo, &layer.w1, &layer.w2, &layer.w3};
    for (const Matrix* matrix : all) size.cover(*matrix);
  }
  return size;
}

}  // namespace model
