// What every view offers for export: its picture as PNG, SVG or on the clipboard, and the numbers it shows as NPY, CSV
// or a table to paste. Adds the entries to the view's ⋯ menu and asks for the file; the writing is ExportService's.
#pragma once

#include "ui/viewmodels/workspace.h"

#include <QObject>

#include <functional>
#include <optional>
#include <vector>

class QAction;
class QMenu;
class QWidget;

namespace moa {

class Panel;

/// One set of numbers of a view.
struct PanelData {
    QString what;    ///< "statistic", for "Save statistic as NPY…"
    QString stem;    ///< of the file name after the view's: "entropy"; may be empty
    QString submenu; ///< title of a submenu; empty: in the menu itself
    Provenance provenance = {}; ///< beyond the view's own: pooling, block
    /// Hands the values over, at once or later; nothing: what was shown is gone. Empty: no NPY, and CSV comes from the
    /// table.
    std::function<void(std::function<void(std::optional<ExportArray>)> ready)> array = {};
    /// Empty: CSV comes from the array and there is no JSON.
    std::function<ExportTable()> table = {};
    bool hasCsv = true;    ///< false: too large for a text
    bool isSmall = false;  ///< a table to copy as Markdown or CSV
};

/// Everything a view offers, as it is now.
struct PanelContent {
    QString stem;          ///< of file names: "L3-KV1"
    Provenance provenance; ///< beyond program, time, model, plan and N
    std::vector<PanelData> data;
};

class PanelExport : public QObject {
    Q_OBJECT
public:
    /// For a panel's ⋯ menu. `content` is asked each time the menu opens and each time something is exported; it may be
    /// empty: the picture alone, named after the panel.
    PanelExport(Panel& panel, Workspace& workspace, std::function<PanelContent()> content = {});
    /// For a view that is no panel: `menu` is shown by whoever made it.
    PanelExport(QWidget& view, QMenu& menu, Workspace& workspace, std::function<PanelContent()> content);

    /// The export of the view that `widget` is in; null: none.
    static PanelExport* around(const QWidget* widget);

    /// Asks for a file of any format that the view can be written as (Ctrl+E).
    void ask();
    QWidget& view() const { return m_view; }

private:
    enum class Format { Png, Svg, Npy, Csv, Json };
    /// A file that can be made: format, and of which numbers (−1: the picture).
    struct Choice {
        Format format;
        int data = -1;
        QString name = {}; ///< of the numbers: indices change with what is shown
    };
    void fillMenu();
    void addData(const PanelData& data, int index, const PanelContent& content, QMenu* menu);
    static Choice choiceOf(Format format, int data, const PanelContent& content);
    /// Where the numbers of `choice` are now; −1: nowhere.
    static int find(const Choice& choice, const PanelContent& content);
    void keep(QAction* action, QMenu* menu);
    std::vector<Choice> choices(const PanelContent& content) const;
    static QString filterOf(const Choice& choice, const PanelContent& content);
    void askFor(const std::vector<Choice>& choices);
    void save(const Choice& choice, const QString& path);
    void savePicture(Format format, const QString& path, const std::function<void()>& again);
    /// Hands `notes` on with the hash of the model in use added.
    void identified(const Provenance& notes, std::function<void(const Provenance&)> then);
    void copyTable(int data, bool markdown);
    PanelContent now() const;
    Provenance provenance(const PanelContent& content, int data) const;
    QString suggestedPath(const PanelContent& content, const Choice& choice) const;

    QWidget& m_view;
    QMenu& m_menu;
    Workspace& m_workspace;
    std::function<PanelContent()> m_content;
    std::vector<QObject*> m_entries; ///< of the menu, that depend on what is shown
};

/// One small table of numbers, to save as CSV or JSON and to copy as CSV or Markdown.
PanelContent tableContent(const QString& stem, std::function<ExportTable()> table);

/// Hands over values that are there already.
std::function<void(std::function<void(std::optional<ExportArray>)>)> readyArray(ExportArray array);

} // namespace moa
