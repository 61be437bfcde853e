// Plain dialogs in the program's style.
#include "ui/views/plan_import_dialog.h"

#include "engine/core/plan.h"
#include "ui/widgets/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {
namespace {

void askForSink(QWidget* parent, const QString& path, std::function<void(const QString&, int)> use) {
    auto* dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(QObject::tr("Import %1").arg(QFileInfo(path).fileName()));
    auto* column = new QVBoxLayout(dialog);
    auto* text = new QLabel(QObject::tr("Sink, for a file that does not say it:"));
    auto* sink = new QComboBox;
    sink->setAccessibleName(QObject::tr("Sink, tokens"));
    for (int blocks = 0; blocks <= kMaxSinkBlocks; ++blocks) sink->addItem(QObject::tr("%1 tokens").arg(blocks * kBlock), blocks * kBlock);
    sink->setCurrentIndex(sink->findData(kDefaultSink));
    text->setBuddy(sink);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    buttons->addButton(QObject::tr("Import"), QDialogButtonBox::AcceptRole);
    for (QWidget* widget : {static_cast<QWidget*>(text), static_cast<QWidget*>(sink), static_cast<QWidget*>(buttons)}) column->addWidget(widget);
    QObject::connect(buttons, &QDialogButtonBox::accepted, dialog, &QDialog::accept);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    QObject::connect(dialog, &QDialog::accepted, dialog, [path, sink, use = std::move(use)] { use(path, sink->currentData().toInt()); });
    dialog->open();
}

} // namespace

void askForImport(QWidget* parent, std::function<void(const QString&, int)> use) {
    auto* files = new QFileDialog(parent, QObject::tr("Import plan"), {},
                                  QObject::tr("Published plans and DuoAttention patterns (*.json *.tsv);;All files (*)"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setFileMode(QFileDialog::ExistingFile);
    QObject::connect(files, &QFileDialog::fileSelected, files, [parent, use = std::move(use)](const QString& path) { askForSink(parent, path, use); });
    files->open();
}

void showPassport(QWidget* parent, const QString& name, const QString& text) {
    auto* dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(QObject::tr("Passport of %1").arg(name));
    auto* column = new QVBoxLayout(dialog);
    auto* view = new QPlainTextEdit(text.isEmpty() ? QObject::tr("The file has no passport: nothing is known of its model, profile or search.") : text);
    view->setReadOnly(true);
    view->setAccessibleName(QObject::tr("Passport"));
    view->setFont(Theme::instance().font(TextStyle::Mono));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    column->addWidget(view, 1);
    column->addWidget(buttons);
    dialog->resize(640, 520);
    dialog->open();
}

} // namespace moa
